//! The sources of a refresh, each gathered in a task of its own.

use super::gather::{Answered, Gathered};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::{Id, JoinError, JoinSet};

/// Whose word a task gathers.
struct Source {
    place: usize,
    name: Arc<str>,
    asked: bool,
}

/// The tasks that have not ended, and whose they are.
#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<Gathered>,
    sources: HashMap<Id, Source>,
}

impl Tasks {
    /// Begins to gather what a source says; `place` is its own among all.
    pub(super) fn begin(
        &mut self,
        place: usize,
        name: &str,
        asked: bool,
        gathering: impl Future<Output = Gathered> + Send + 'static,
        on: &Handle,
    ) {
        let task = self.running.spawn_on(gathering, on);
        let name = Arc::from(name);
        self.sources
            .insert(task.id(), Source { place, name, asked });
    }

    /// The sources that were asked and have not answered, by name.
    pub(super) fn asked(&self) -> Vec<Arc<str>> {
        let asked = self.sources.values().filter(|source| source.asked);
        let mut names: Vec<_> = asked.map(|source| Arc::clone(&source.name)).collect();
        names.sort_unstable();
        names
    }

    /// What the next source says, with its place; a source whose task broke off has failed like any other.
    pub(super) async fn next(&mut self) -> Option<(usize, Gathered)> {
        loop {
            let ended = self.running.join_next_with_id().await?;
            let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            // Every task was begun with its source.
            if let Some(source) = self.sources.remove(&id) {
                let place = source.place;
                let gathered = ended.map(|(_, gathered)| gathered);
                return Some((
                    place,
                    gathered.unwrap_or_else(|error| source.broken(&error)),
                ));
            }
        }
    }
}

impl Source {
    fn broken(self, error: &JoinError) -> Gathered {
        tracing::error!(source = %self.name, %error, "what a source says could not be gathered");
        let why = format!("what it says could not be gathered: {error}");
        Gathered {
            name: self.name,
            answered: if self.asked {
                Answered::Failed {
                    why,
                    unreachable: false,
                }
            } else {
                Answered::NotAsked
            },
            said: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_whose_task_breaks_off_has_failed() {
        let mut tasks = Tasks::default();
        let said = |name: &str| Gathered {
            name: name.into(),
            answered: Answered::Unchanged,
            said: None,
        };
        let (whole, on) = (said("whole"), Handle::current());
        tasks.begin(
            0,
            "broken",
            true,
            async { panic!("as a test wants it") },
            &on,
        );
        tasks.begin(1, "whole", true, async { whole }, &on);
        let mut found = Vec::new();
        while let Some(next) = tasks.next().await {
            found.push(next);
        }
        found.sort_by_key(|(place, _)| *place);
        let [(0, broken), (1, whole)] = &found[..] else {
            panic!("both: {found:?}")
        };
        assert_eq!((&*broken.name, &*whole.name), ("broken", "whole"));
        assert_eq!(whole.answered, Answered::Unchanged);
        let Answered::Failed { why, unreachable } = &broken.answered else {
            panic!("{broken:?}")
        };
        assert!(why.contains("panicked") && !unreachable, "{why}");
    }
}
