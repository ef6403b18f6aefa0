//! Asks a provider of credentials for the calls of a client, and no more often than they need.
//!
//! A call asks before each signature, so that credentials which expire are renewed between two attempts. What was given
//! with a [`Term`] is used again while it is fresh. Any others may change at any moment: each call then has an answer to a
//! question that was asked after it came.
//!
//! On the caller's thread each call asks for itself, at the same time as others; who of them renews is the provider's
//! affair. For the calls of the reactor one thread asks, as long as any of them waits: those who come during a question
//! have the next one in common, or go on with what is good for a while. So a thousand calls take one thread and, at a
//! provider that has to be asked each time, two questions. An error is that of all calls that were there when the question
//! was asked, those included that waited for a place and come for it later: a source that is down, or a user at a prompt,
//! is asked once for them. A call that is dropped takes nothing from the others.
//!
//! A child of a fork knows nothing of its parent's, and asks anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Instant, SystemTime};

use crate::client::identity::{CredentialProvider, Credentials, Given, Term};
use crate::client::process::PerProcess;
use crate::client::promise::Promise;
use crate::error::{Builtin, Error, Result};

/// What a question led to.
type Outcome = Result<Option<Arc<Credentials>>>;

#[derive(Debug)]
pub(super) struct Source {
    provider: Box<dyn CredentialProvider>,
    state: PerProcess<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    kept: Option<(Arc<Credentials>, Term)>,
    /// Those who wait for the next question of the thread that asks.
    waiting: Vec<Arc<Promise<Outcome>>>,
    /// Whether there is such a thread.
    asking: bool,
    /// How its last question failed, and when it was asked.
    failed: Option<(Instant, Error)>,
}

impl Source {
    pub(super) fn new(provider: Box<dyn CredentialProvider>) -> Self {
        Self { provider, state: PerProcess::new(Mutex::default()) }
    }

    /// The credentials of this moment, asked for on this thread.
    pub(super) fn ask(&self) -> Outcome {
        if let Some(fresh) = self.state().kept(|term| term.fresh_until) {
            return Ok(Some(fresh));
        }
        let Some(Given { credentials, term }) = self.provider.credentials()? else { return Ok(None) };
        let credentials = Arc::new(credentials);
        if let Some(term) = term {
            self.state().keep(Arc::clone(&credentials), term);
        }
        Ok(Some(credentials))
    }

    /// The same, asked for on another thread, for a call that is there since `came`.
    pub(super) async fn ask_aside(self: &Arc<Self>, came: Instant) -> Outcome {
        let promise = {
            let mut state = self.state();
            let asking = state.asking;
            if let Some(kept) = state.kept(|term| if asking { term.good_until } else { term.fresh_until }) {
                return Ok(Some(kept));
            }
            if let Some((_, error)) = state.failed.as_ref().filter(|(asked, _)| came <= *asked) {
                return Err(error.clone());
            }
            if !asking {
                let source = Arc::clone(self);
                let thread = thread::Builder::new().name("fleetgrass-keys".into());
                thread.spawn(move || source.ask_for_all()).map_err(|error| unanswered(&error.to_string()))?;
                state.asking = true;
            }
            let promise = Arc::default();
            state.waiting.push(Arc::clone(&promise));
            promise
        };
        promise.kept().await
    }

    /// Asks as long as anybody waits.
    fn ask_for_all(&self) {
        loop {
            let mut waiting = {
                let mut state = self.state();
                state.asking = !state.waiting.is_empty();
                std::mem::take(&mut state.waiting)
            };
            let Some(last) = waiting.pop() else { return };
            let begun = Instant::now();
            let asked = catch_unwind(AssertUnwindSafe(|| self.ask()));
            let outcome = asked.unwrap_or_else(|_| Err(unanswered("it panicked")));
            let failed = outcome.as_ref().err().map(|error| (begun, error.clone()));
            let old = std::mem::replace(&mut self.state().failed, failed);
            drop(old); // without the lock: it may hold what is Python's
            for promise in waiting {
                promise.keep(outcome.clone());
            }
            last.keep(outcome);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock(|_| State::default())
    }
}

impl State {
    /// What was given, if the end that `until` picks has not come.
    fn kept(&self, until: impl FnOnce(&Term) -> f64) -> Option<Arc<Credentials>> {
        let (kept, term) = self.kept.as_ref()?;
        (now() < until(term)).then(|| Arc::clone(kept))
    }

    /// Threads ask at the same time, and an older answer may come later.
    fn keep(&mut self, credentials: Arc<Credentials>, term: Term) {
        if self.kept.as_ref().is_none_or(|(_, known)| known.fresh_until <= term.fresh_until) {
            self.kept = Some((credentials, term));
        }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn unanswered(reason: &str) -> Error {
    Error::Builtin { class: Builtin::Runtime, message: format!("cannot ask for credentials: {reason}") }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::Thread;

    use super::*;

    const PAST: Term = Term { fresh_until: 0.0, good_until: 0.0 };
    const GOOD: Term = Term { fresh_until: 0.0, good_until: f64::INFINITY };
    const FRESH: Term = Term { fresh_until: f64::INFINITY, good_until: f64::INFINITY };

    /// Answers as it is told to, one question after another; tells when it is asked.
    #[derive(Debug)]
    struct Told {
        asked: SyncSender<()>,
        answers: Mutex<Receiver<Option<Given>>>,
    }

    impl CredentialProvider for Told {
        fn credentials(&self) -> Result<Option<Given>> {
            self.asked.send(()).unwrap();
            let answer = self.answers.lock().unwrap().recv();
            answer.map_err(|_| Error::value("nobody answers"))
        }
    }

    fn source() -> (Arc<Source>, Receiver<()>, SyncSender<Option<Given>>) {
        let ((asked, hears), (answer, answers)) = (sync_channel(99), sync_channel(99));
        (Arc::new(Source::new(Box::new(Told { asked, answers: Mutex::new(answers) }))), hears, answer)
    }

    fn given(access_key: &str, term: Option<Term>) -> Given {
        let credentials = Credentials { access_key: access_key.into(), secret_key: None, token: None, account_id: None };
        Given { credentials, term }
    }

    fn key(outcome: Outcome) -> String {
        outcome.unwrap().unwrap().access_key.clone()
    }

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn wait<T>(mut work: Pin<&mut impl Future<Output = T>>) -> T {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(done) => return done,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// Lets it come, and wait.
    fn begin<T>(work: Pin<&mut impl Future<Output = T>>) {
        assert!(work.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn who_comes_during_a_question_has_the_next_one_in_common() {
        let (source, asked, answer) = source();
        let (mut first, mut second, mut third) = (
            pin!(source.ask_aside(Instant::now())),
            pin!(source.ask_aside(Instant::now())),
            pin!(source.ask_aside(Instant::now())),
        );
        begin(first.as_mut());
        asked.recv().unwrap();
        begin(second.as_mut());
        begin(third.as_mut());
        answer.send(Some(given("old", None))).unwrap();
        answer.send(Some(given("new", None))).unwrap();
        assert_eq!([key(wait(first)), key(wait(second)), key(wait(third))], ["old", "new", "new"]);
        answer.send(Some(given("newer", None))).unwrap();
        assert_eq!(key(wait(pin!(source.ask_aside(Instant::now())))), "newer");
        assert_eq!(asked.try_iter().count(), 2);
    }

    #[test]
    fn who_leaves_takes_nothing_from_the_others() {
        let (source, asked, answer) = source();
        let (mut first, mut second) = (Box::pin(source.ask_aside(Instant::now())), pin!(source.ask_aside(Instant::now())));
        begin(first.as_mut());
        asked.recv().unwrap();
        begin(second.as_mut());
        drop(first);
        answer.send(Some(given("old", None))).unwrap();
        answer.send(Some(given("new", None))).unwrap();
        assert_eq!(key(wait(second)), "new");
    }

    #[test]
    fn what_is_fresh_is_not_asked_for_again() {
        let (source, asked, answer) = source();
        for term in [PAST, FRESH] {
            answer.send(Some(given("ours", Some(term)))).unwrap();
            assert_eq!(key(wait(pin!(source.ask_aside(Instant::now())))), "ours");
        }
        assert_eq!(asked.try_iter().count(), 2);
        assert_eq!(key(source.ask()), "ours");
        assert_eq!(key(wait(pin!(source.ask_aside(Instant::now())))), "ours");
        assert_eq!(asked.try_iter().count(), 0);
        source.state().keep(Arc::new(given("older", None).credentials), GOOD);
        assert_eq!(key(source.ask()), "ours");
    }

    #[test]
    fn what_is_good_will_do_while_somebody_asks() {
        let (source, asked, answer) = source();
        answer.send(Some(given("old", Some(GOOD)))).unwrap();
        assert_eq!(key(source.ask()), "old");
        let mut first = pin!(source.ask_aside(Instant::now()));
        begin(first.as_mut());
        assert_eq!(asked.iter().take(2).count(), 2);
        assert_eq!(key(wait(pin!(source.ask_aside(Instant::now())))), "old");
        answer.send(Some(given("new", Some(FRESH)))).unwrap();
        assert_eq!(key(wait(first)), "new");
        assert_eq!(key(wait(pin!(source.ask_aside(Instant::now())))), "new");
    }

    #[test]
    fn an_error_is_that_of_all_who_waited_for_it() {
        let (source, asked, answer) = source();
        let (mut first, mut second, mut third) = (
            pin!(source.ask_aside(Instant::now())),
            pin!(source.ask_aside(Instant::now())),
            pin!(source.ask_aside(Instant::now())),
        );
        begin(first.as_mut());
        asked.recv().unwrap();
        begin(second.as_mut());
        begin(third.as_mut());
        answer.send(None).unwrap();
        drop(answer);
        assert!(matches!(wait(first), Ok(None)));
        assert!(wait(second).is_err() && wait(third).is_err());
        assert_eq!(asked.try_iter().count(), 1);
    }

    #[test]
    fn an_error_is_that_of_calls_that_were_there_and_come_for_it_later() {
        let (source, asked, answer) = source();
        let came = Instant::now();
        drop(answer);
        assert!(wait(pin!(source.ask_aside(came))).is_err());
        assert!(wait(pin!(source.ask_aside(came))).is_err());
        assert_eq!(asked.try_iter().count(), 1);
        assert!(wait(pin!(source.ask_aside(Instant::now()))).is_err());
        assert_eq!(asked.try_iter().count(), 1);
    }
}
