//! The thread that makes many calls at a time: one a process, asleep while there are none.
//!
//! A task is a future that waits for a socket, for a time, or to be woken. All that wait for sockets do so in one poll(2);
//! nothing of them is registered anywhere, so that a fork has nothing to mend: the child's reactor is another, begun when
//! it is first needed. No lock is held while a task is polled or dropped. What blocks must go
//! [`aside`](Waiting::aside). Nobody waits for the thread; it ends with the process.
//!
//! Nothing here knows Python, and nobody else's code runs on this thread: what the log is to be told of a call stays with
//! the call until its answer is taken.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use once_cell::race::OnceBox;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::client::identity::Credentials;
use crate::client::log::Ended;
use crate::client::process::PerProcess;
use crate::client::promise::Promise;
use crate::client::source::Source;
use crate::client::transport::{Drive, Socket, deadline};
use crate::client::waiting::{Aside, Waiting};
use crate::client::wakeup::Wakeup;
use crate::error::{Builtin, Error, Result};

/// A task of the reactor.
pub(super) type TaskId = u64;

#[derive(Debug)]
pub(super) struct Reactor {
    inbox: Mutex<Inbox>,
    wakeup: Wakeup,
    next_id: AtomicU64,
}

#[derive(Default)]
struct Inbox {
    orders: Vec<Order>,
    woken: Vec<TaskId>,
    asleep: bool,
}

enum Order {
    /// Made in the reactor's thread, which it never leaves.
    Begin(TaskId, Box<dyn FnOnce() -> Work + Send>),
    Drop(TaskId),
    /// Drops it unless it has had a socket.
    Withdraw(TaskId),
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} orders", self.orders.len())
    }
}

impl Reactor {
    /// This process's. Fails where the system has no thread for it.
    pub(super) fn get() -> Result<Arc<Self>> {
        static REACTOR: OnceBox<PerProcess<Mutex<Option<Arc<Reactor>>>>> = OnceBox::new();
        let of_processes = REACTOR.get_or_init(|| Box::new(PerProcess::new(Mutex::default())));
        let mut running = of_processes.lock(|_| None);
        if let Some(running) = &*running {
            return Ok(Arc::clone(running));
        }
        let fault =
            |error| Error::Builtin { class: Builtin::Runtime, message: format!("cannot start a thread for calls: {error}") };
        let wakeup = Wakeup::new().map_err(fault)?;
        let started = Arc::new(Self { inbox: Mutex::default(), wakeup, next_id: AtomicU64::new(0) });
        let reactor = Arc::clone(&started);
        thread::Builder::new().name("fleetgrass".into()).spawn(move || Tasks::new(reactor).run()).map_err(fault)?;
        *running = Some(Arc::clone(&started));
        Ok(started)
    }

    /// Begins the task that `make` makes.
    pub(super) fn begin<F: Future<Output = ()> + 'static>(&self, make: impl FnOnce() -> F + Send + 'static) -> TaskId {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.tell(|inbox| inbox.orders.push(Order::Begin(id, Box::new(move || Box::pin(make())))));
        id
    }

    /// Drops a task soon, if it is not over.
    pub(super) fn drop_task(&self, id: TaskId) {
        self.tell(|inbox| inbox.orders.push(Order::Drop(id)));
    }

    /// Drops a task soon, if it has sent nothing: it may wait for the budget, for credentials or for an address.
    pub(super) fn withdraw_task(&self, id: TaskId) {
        self.tell(|inbox| inbox.orders.push(Order::Withdraw(id)));
    }

    fn tell(&self, what: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.inbox();
        what(&mut inbox);
        let asleep = std::mem::take(&mut inbox.asleep);
        drop(inbox);
        if asleep {
            self.wakeup.wake();
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the reactor's thread has.
struct Tasks {
    reactor: Arc<Reactor>,
    tasks: HashMap<TaskId, Task>,
}

struct Task {
    work: Work,
    waits: Wait,
    has_connected: bool,
    waker: Arc<TaskWaker>,
}

/// What a task waits for besides being woken.
#[derive(Default)]
struct Wait {
    socket: Option<(Socket, PollFlags)>,
    until: Option<Instant>,
}

thread_local! {
    /// What the task that is polled waits for, as it says itself.
    static WAITS: Cell<Wait> = const { Cell::new(Wait { socket: None, until: None }) };
    /// Whether the task is polled because its time is over.
    static TIMED_OUT: Cell<bool> = const { Cell::new(false) };
}

impl Tasks {
    fn new(reactor: Arc<Reactor>) -> Self {
        Self { reactor, tasks: HashMap::new() }
    }

    fn run(mut self) {
        loop {
            let (orders, woken) = {
                let mut inbox = self.reactor.inbox();
                (std::mem::take(&mut inbox.orders), std::mem::take(&mut inbox.woken))
            };
            for order in orders {
                match order {
                    Order::Begin(id, make) => {
                        let waker = TaskWaker { id, reactor: Arc::clone(&self.reactor), woken: AtomicBool::new(false) };
                        let (waits, waker) = (Wait::default(), Arc::new(waker));
                        self.tasks.insert(id, Task { work: make(), waits, has_connected: false, waker });
                        self.poll(id, false);
                    }
                    Order::Drop(id) => drop(self.tasks.remove(&id)),
                    Order::Withdraw(id) => {
                        if self.tasks.get(&id).is_some_and(|task| !task.has_connected) {
                            self.tasks.remove(&id);
                        }
                    }
                }
            }
            for id in woken {
                self.poll(id, false);
            }
            self.sleep();
        }
    }

    fn poll(&mut self, id: TaskId, timed_out: bool) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.waker.woken.store(false, Ordering::Relaxed);
        TIMED_OUT.set(timed_out);
        let waker = Waker::from(Arc::clone(&task.waker));
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.as_mut().poll(&mut Context::from_waker(&waker))));
        task.waits = WAITS.take();
        task.has_connected |= task.waits.socket.is_some();
        // One that panicked is over too; what it drops tells of it.
        if !matches!(polled, Ok(Poll::Pending)) {
            self.tasks.remove(&id);
        }
    }

    /// Sleeps until there is something to do, and does what the sockets and the time say.
    fn sleep(&mut self) {
        let waits = |task: &Task| task.waits.until;
        let until = self.tasks.values().filter_map(waits).min();
        let waiting: Vec<(TaskId, Socket, PollFlags)> = self
            .tasks
            .iter()
            .filter_map(|(&id, task)| task.waits.socket.as_ref().map(|(socket, events)| (id, socket.clone(), *events)))
            .collect();
        let reactor = Arc::clone(&self.reactor);
        let patience = {
            let mut inbox = reactor.inbox();
            inbox.asleep = inbox.orders.is_empty() && inbox.woken.is_empty();
            if inbox.asleep { until.map(|until| until.saturating_duration_since(Instant::now())) } else { Some(Duration::ZERO) }
        };
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut asked = vec![PollFd::new(reactor.wakeup.ear(), PollFlags::IN)];
        asked.extend(waiting.iter().map(|(_, socket, events)| PollFd::new(socket.stream(), *events)));
        let polled = poll(&mut asked, patience.as_ref());
        reactor.inbox().asleep = false;
        if !asked[0].revents().is_empty() {
            reactor.wakeup.hush();
        }
        // An error of poll(2) itself shows again, with its name, in the reads that follow.
        let all = polled.is_err_and(|error| error != Errno::INTR);
        for ((id, socket, _), asked) in waiting.iter().zip(&asked[1..]) {
            if all || !asked.revents().is_empty() {
                socket.mark_ready();
                self.poll(*id, false);
            }
        }
        let now = Instant::now();
        if until.is_some_and(|until| until <= now) {
            let late = |(&id, task): (&TaskId, &Task)| task.waits.until.is_some_and(|until| until <= now).then_some(id);
            let late: Vec<TaskId> = self.tasks.iter().filter_map(late).collect();
            for id in late {
                self.poll(id, true);
            }
        }
    }
}

struct TaskWaker {
    id: TaskId,
    reactor: Arc<Reactor>,
    woken: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            self.reactor.tell(|inbox| inbox.woken.push(self.id));
        }
    }
}

/// Waits in a task of the reactor, and keeps what the log is to be told.
pub(super) struct InReactor {
    log: RefCell<Vec<Ended>>,
    /// When the call came, until it has asked for credentials.
    came: Cell<Option<Instant>>,
}

impl InReactor {
    /// For a call that is there since `came`.
    pub(super) fn new(came: Instant) -> Self {
        Self { log: RefCell::default(), came: Cell::new(Some(came)) }
    }

    pub(super) fn take_log(&self) -> Vec<Ended> {
        self.log.take()
    }
}

impl Waiting for InReactor {
    async fn drive<T>(&self, socket: &Socket, timeout: Option<Duration>, work: impl Future<Output = T>) -> Drive<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if TIMED_OUT.take() {
                return Poll::Ready(Drive::Timeout);
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Drive::Done(done));
            }
            WAITS.set(Wait { socket: Some((socket.clone(), socket.missing())), until: timeout.and_then(deadline) });
            Poll::Pending
        })
        .await
    }

    async fn sleep(&self, delay: Duration) -> Result<()> {
        let until = deadline(delay);
        poll_fn(|_| {
            if TIMED_OUT.take() {
                return Poll::Ready(());
            }
            WAITS.set(Wait { socket: None, until });
            Poll::Pending
        })
        .await;
        Ok(())
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
        let promise = Arc::new(Promise::default());
        let theirs = Arc::clone(&promise);
        let started = thread::Builder::new().name("fleetgrass-aside".into()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work)).map_or_else(|_| Aside::Failed("it panicked".into()), Aside::Done);
            theirs.keep(outcome);
        });
        match started {
            Ok(_) => promise.kept().await,
            Err(error) => Aside::Failed(error.to_string()),
        }
    }

    async fn ask(&self, source: &Arc<Source>) -> Result<Option<Arc<Credentials>>> {
        source.ask_aside(self.came.take().unwrap_or_else(Instant::now)).await
    }

    fn tell(&self, ended: Ended) -> Result<()> {
        self.log.borrow_mut().push(ended);
        Ok(())
    }
}
