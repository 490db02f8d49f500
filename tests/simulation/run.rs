//! One run: the ledger, its disks, what goes wrong with them, and the checks after each step.

use super::callers::{Answer, Callers};
use super::model::random::Random;
use super::stored::Stored;
use super::truth::Truth;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, mpsc};
use tekton_budget::core::decide::Order;
use tekton_budget::core::refusal::Code;
use tekton_budget::service::ledger::{
    Checkpoint, Respond, StartError, Started, Writer, start_with,
};
use tekton_budget::store::files::Files;
use tekton_budget::store::files::faulty::{Fault, FaultyFiles, Unsynced};
use tekton_budget::store::journal::Options;
use tekton_budget::store::lookup::memory::{Fault as LookupFault, MemoryDisk};
use tekton_budget::store::lookup::{Lookup, LookupError};

/// How large segments grow: a few batches, some dozens, all there are.
const SEGMENT_BYTES: [u64; 3] = [2 << 10, 16 << 10, 64 << 20];

const UNSYNCED: [Unsynced; 4] = [
    Unsynced::Forgotten,
    Unsynced::Prefix,
    Unsynced::Sectors,
    Unsynced::Kept,
];

/// What runs have come across.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub answered: u64,
    pub unavailable: u64,
    pub duplicates: u64,
    pub conflicts: u64,
    pub restarts: u64,
    pub saved: u64,
    /// Counters that were out of the state, added up over all checks.
    pub moved: u64,
    pub unsaved: u64,
    pub events: u64,
    /// Segments of the journal that were sealed.
    pub sealed: u64,
    /// Lookup stores that were damaged and set aside.
    pub set_aside: u64,
    /// Those of them that were sled's files.
    pub files_set_aside: u64,
    /// Faults of the journal's files that came to pass: writes that failed, were short or torn or found no room, syncs of
    /// files and of folders that failed, and how often the power went.
    pub faults: [u64; 7],
}

impl Tally {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.unavailable += other.unavailable;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
        self.restarts += other.restarts;
        self.saved += other.saved;
        self.moved += other.moved;
        self.unsaved += other.unsaved;
        self.events += other.events;
        self.sealed += other.sealed;
        self.set_aside += other.set_aside;
        self.files_set_aside += other.files_set_aside;
        for (own, other) in self.faults.iter_mut().zip(other.faults) {
            *own += other;
        }
    }
}

/// A ledger that runs.
struct Running {
    started: Started,
    store: Arc<dyn Lookup>,
    saving: Option<Checkpoint>,
    /// Whether a checkpoint has failed, so that the store is not read any more.
    unreadable: bool,
    /// When everything that was due had last ended.
    ended: Timestamp,
}

pub struct Run {
    random: Random,
    files: FaultyFiles,
    options: Options,
    disk: Stored,
    callers: Callers,
    truth: Truth,
    running: Option<Running>,
    tally: Tally,
    log: Vec<String>,
}

impl Run {
    /// A new ledger on empty disks; of four seeds after one another one has sled's files.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(!seed);
        let segment_bytes = *random.pick(&SEGMENT_BYTES);
        let mut run = Self {
            random,
            files: FaultyFiles::new(root(), seed),
            options: Options { segment_bytes },
            disk: Stored::new(seed % 4 == 3),
            callers: Callers::new(seed),
            truth: Truth::new(),
            running: None,
            tally: Tally::default(),
            log: Vec::new(),
        };
        run.restart();
        run
    }

    /// What was done so far.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// What the run came across.
    pub fn tally(&self) -> Tally {
        let files = self.files.list(&root().join("journal")).unwrap();
        let is_segment = |name: &str| Path::new(name).extension().is_some_and(|end| end == "log");
        let segments = files.iter().filter(|file| is_segment(&file.name));
        let in_files = u64::from(matches!(self.disk, Stored::Sled(_)));
        let met = self.files.counts();
        Tally {
            events: self.truth.event_count(),
            files_set_aside: self.tally.set_aside * in_files,
            sealed: segments.count() as u64 - 1,
            faults: [
                met.failed_writes,
                met.short_writes,
                met.torn_writes,
                met.full,
                met.failed_syncs,
                met.failed_dir_syncs,
                met.power_gone,
            ],
            ..self.tally
        }
    }

    /// Does something and checks everything.
    pub fn step(&mut self) {
        match self.random.below(100) {
            0..55 => self.batch(),
            55..70 => self.begin_or_end_checkpoint(),
            70..84 => self.journal_fault(),
            84..88 => self.lookup_fault(),
            88..92 => self.damage_lookup(),
            _ => self.kill(),
        }
        self.check();
        if self.running().writer().stopped().is_some() && self.random.chance(60) {
            self.kill();
            self.check();
        }
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    fn batch(&mut self) {
        let many = 1 + self.random.below(32);
        let orders: Vec<Order> = (0..many).map(|_| self.callers.order()).collect();
        self.log.push(format!("{many} orders"));
        let (sender, answers) = mpsc::channel::<(usize, Answer)>();
        let mut queue: VecDeque<(Order, Respond)> = VecDeque::new();
        for (place, order) in orders.iter().enumerate() {
            let sender = sender.clone();
            let respond: Respond = Box::new(move |answer| sender.send((place, answer)).unwrap());
            queue.push_back((order.clone(), respond));
        }
        drop(sender);
        let now = self.callers.now();
        let running = self.running.as_mut().unwrap();
        let was_stopped = running.writer().stopped().is_some();
        while !queue.is_empty() {
            running.writer().process(&mut queue);
        }
        let stopped = running.writer().stopped().is_some();
        running.tick(now);
        let unreadable = running.unreadable;
        self.truth.latest = self.truth.latest.max(now);
        self.truth
            .read_on(self.running.as_ref().unwrap().started.shared.journal());
        let answers: Vec<_> = answers.iter().collect();
        assert_eq!(answers.len(), orders.len(), "each order is answered once");
        for (place, answer) in answers {
            let unavailable = matches!(&answer, Err(why) if why.code == Code::Unavailable);
            assert!(unavailable || !was_stopped, "a stopped writer answers");
            // What falls into a window whose counter was moved can't be decided without the store.
            let undecided = unavailable && unreadable;
            assert!(unavailable == stopped || undecided, "{answer:?}");
            let order = orders[place].clone();
            self.callers
                .hear(order, &answer, &self.truth, &mut self.tally);
        }
    }

    fn begin_or_end_checkpoint(&mut self) {
        let now = self.callers.now();
        let fault = match self.random.below(10) {
            0 => Some(LookupFault::NotKept),
            1 => Some(LookupFault::KeptUnanswered),
            2 => Some(LookupFault::KeptInPart),
            _ => None,
        };
        let running = self.running.as_mut().unwrap();
        if let Some(checkpoint) = running.saving.take() {
            if let Some(fault) = fault {
                self.disk.fail_commit(fault);
            }
            let written = checkpoint.write(&*running.store);
            self.log.push(format!("checkpoint ends: {written:?}"));
            if let Ok(()) = &written {
                self.tally.saved += 1;
            } else {
                self.tally.unsaved += 1;
                running.unreadable = true;
            }
            running.writer().end_checkpoint(written, now);
        } else {
            self.log.push("checkpoint begins".to_owned());
            running.saving = running.writer().begin_checkpoint(now, true);
        }
    }

    /// Has one of the next writes or syncs of the journal fail, or the disk be full.
    fn journal_fault(&mut self) {
        let asked = self.files.counts();
        let soon = asked.writes + self.random.below(4);
        let takes = usize::try_from(self.random.below(3000)).unwrap();
        let fault = match self.random.below(6) {
            0 => Fault::FailWrite(soon),
            1 => Fault::ShortWrite {
                write: soon,
                takes: takes + 1,
            },
            2 => Fault::TornWrite { write: soon, takes },
            3 => Fault::FailSync(asked.syncs + self.random.below(2)),
            4 => Fault::FailDirSync(asked.dir_syncs),
            _ => Fault::Capacity(self.size() + takes as u64),
        };
        self.log.push(format!("{fault:?}"));
        self.files.inject(fault);
    }

    fn size(&self) -> u64 {
        let entries = self.files.list(&root().join("journal"));
        entries.map_or(0, |all| all.iter().map(|entry| entry.length).sum())
    }

    /// What is stored for look-ups is lost, in part or whole, while nobody has it open.
    fn lookup_fault(&mut self) {
        self.log.push("the lookup store is lost".to_owned());
        self.stop();
        self.disk.lose(&mut self.random);
        self.restart();
    }

    fn has_head(&mut self) -> bool {
        matches!(self.running().store.head(), Ok(Some(_)))
    }

    /// What is stored for look-ups is damaged while nobody has it open.
    fn damage_lookup(&mut self) {
        // A store that nothing was ever saved in has nothing to damage: one begins and ends a checkpoint.
        for _ in 0..2 {
            if !self.has_head() {
                self.begin_or_end_checkpoint();
            }
        }
        let has_head = self.has_head();
        self.stop();
        if !has_head {
            return self.restart();
        }
        let what = self.disk.damage(&mut self.random);
        self.log
            .push(format!("the lookup store is damaged: {what}"));
        let before = self.tally.set_aside;
        self.restart();
        assert_eq!(self.tally.set_aside, before + 1, "{what} was not met");
        let replayed = self.running().started.replayed;
        assert_eq!(
            replayed,
            self.truth.event_count(),
            "made again from all events"
        );
    }

    fn kill(&mut self) {
        self.stop();
        self.restart();
    }

    /// Ends the process, the machine too at times.
    fn stop(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        // A checkpoint may have reached the disk though nobody heard of it.
        if let Some(checkpoint) = running.saving.take()
            && self.random.chance(50)
        {
            let _ = checkpoint.write(&*running.store);
        }
        drop(running);
        let power = self.random.chance(60).then(|| *self.random.pick(&UNSYNCED));
        self.log.push(format!("killed, power cut: {power:?}"));
        if let Some(unsynced) = power {
            self.files.power_cut(unsynced);
        }
        self.files.heal();
    }

    fn restart(&mut self) {
        self.tally.restarts += 1;
        let now = self.callers.now();
        if self.random.chance(20) {
            let operation = self.files.operations() + self.random.below(6);
            self.log.push(format!("the power goes at {operation}"));
            self.files.inject(Fault::PowerGoes(operation));
        }
        let mut started = self.open(now);
        if started.is_err() {
            self.files.power_cut(*self.random.pick(&UNSYNCED));
            self.files.heal();
            started = self.open(now);
        }
        self.files.heal();
        let (started, store) = match started {
            Ok(opened) => opened,
            Err(error) => panic!("it does not start again: {error}"),
        };
        let journal = started.shared.journal();
        self.truth.check_kept(journal);
        self.truth.read_on(journal);
        let moved = self.truth.check_view(&started.shared, now, false);
        assert!(moved.is_some(), "counters can't be read after a start");
        let mut running = Running {
            started,
            store,
            saving: None,
            unreadable: false,
            ended: now,
        };
        running.tick(now);
        self.running = Some(running);
    }

    fn open(&mut self, now: Timestamp) -> Result<(Started, Arc<dyn Lookup>), StartError> {
        match self.open_once(now) {
            Err(StartError::Lookup(LookupError::Damaged(_))) => {
                self.tally.set_aside += 1;
                self.disk.set_aside();
                self.open_once(now)
            }
            opened => opened,
        }
    }

    fn open_once(&mut self, now: Timestamp) -> Result<(Started, Arc<dyn Lookup>), StartError> {
        let (store, aside) = self.disk.open()?;
        self.tally.set_aside += u64::from(aside);
        let started = start_ledger(self.files.clone(), &store, now, self.options)?;
        Ok((started, store))
    }

    fn check(&mut self) {
        let running = self.running.as_mut().unwrap();
        let shared = &running.started.shared;
        self.truth.read_on(shared.journal());
        let ended = running.started.writer.stopped().is_none();
        let moved = self.truth.check_view(shared, running.ended, ended);
        let readable = moved.is_some();
        assert!(readable || running.unreadable, "counters can't be read");
        self.tally.moved += moved.unwrap_or_default();
        let readable = self.truth.check_usage(shared);
        assert!(readable || running.unreadable, "usage can't be read");
        self.check_durable();
    }

    /// A machine that loses its power now has all that the view shows.
    fn check_durable(&mut self) {
        let shown = self.running().started.shared.state().sequence();
        let fork = self.files.fork(self.random.bits());
        fork.power_cut(Unsynced::Forgotten);
        fork.heal();
        let store: Arc<dyn Lookup> = Arc::new(MemoryDisk::default().open().unwrap());
        let started = match start_ledger(fork, &store, self.callers.now(), self.options) {
            Ok(started) => started,
            Err(error) => panic!("after a power cut: {error}"),
        };
        let kept = started.shared.state().sequence();
        assert!(kept >= shown, "{shown} is shown and {kept} is durable");
        self.truth.check_kept(started.shared.journal());
    }
}

impl Running {
    fn writer(&mut self) -> &mut Writer {
        &mut self.started.writer
    }

    fn tick(&mut self, now: Timestamp) {
        self.writer().tick(now);
        if self.writer().stopped().is_none() {
            self.ended = now;
        }
    }
}

fn start_ledger(
    files: FaultyFiles,
    store: &Arc<dyn Lookup>,
    now: Timestamp,
    options: Options,
) -> Result<Started, StartError> {
    let (dir, store) = (root().join("journal"), Arc::clone(store));
    start_with(Arc::new(files), &dir, options, store, now, &|_, _| {})
}

fn root() -> &'static Path {
    Path::new("/disk")
}
