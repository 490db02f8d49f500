//! Members of a data directory: in this process, or each in its own.

use crate::client::Client;
use crate::toy::Toy;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::front::{self, Ended, FrontError, FrontOptions};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Says to a process that it is a member, and of which directory.
pub(crate) const DIR: &str = "FRONT_TEST_DIR";

pub(crate) fn options(dir: &Path, version: &str) -> FrontOptions {
    let caller = Caller {
        actor: format!("client of {version}").into(),
        ..Caller::default()
    };
    FrontOptions::new(
        dir.into(),
        version.parse().unwrap(),
        caller,
        ["count"].into(),
    )
}

/// A member in this process.
pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) ended: JoinHandle<Result<Ended, FrontError>>,
    stop: oneshot::Sender<()>,
}

impl Member {
    pub(crate) fn start(dir: &Path, version: &str) -> Self {
        Self::with(options(dir, version))
    }

    pub(crate) fn with(options: FrontOptions) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(far);
        let (reader, writer) = tokio::io::split(near);
        let (stop, stopped) = oneshot::channel();
        let toy = Toy(options.data_dir.clone());
        let stopped = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let ended = tokio::spawn(front::run(
            options,
            toy,
            Box::new(input),
            Box::new(output),
            stopped,
        ));
        Self {
            client: Client::new(Box::new(reader), Box::new(writer)),
            ended,
            stop,
        }
    }

    pub(crate) async fn stop(self) -> (Client, Result<Ended, FrontError>) {
        self.stop.send(()).unwrap();
        (self.client, self.ended.await.unwrap())
    }
}

/// A member in a process of its own.
pub(crate) struct Process {
    pub(crate) client: Client,
    pub(crate) child: Child,
}

impl Process {
    pub(crate) fn start(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "member_process", "--nocapture"])
            .env(DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let reader = Box::new(child.stdout.take().unwrap());
        let writer = Box::new(child.stdin.take().unwrap());
        Self {
            client: Client::new(reader, writer),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u64 {
        self.child.id().unwrap().into()
    }

    /// As `kill -9` does.
    pub(crate) async fn kill(mut self) -> Client {
        self.child.kill().await.unwrap();
        self.client
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

/// What a process of its own does.
pub(crate) fn be(dir: PathBuf) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(async {
        let (input, output) = front::stdio::claim().unwrap();
        let stop = front::signalled().unwrap();
        front::run(options(&dir, "1.0.0"), Toy(dir), input, output, stop).await
    });
    std::process::exit(i32::from(ended.is_err()))
}
