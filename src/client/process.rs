//! Values of which every process has its own.
//!
//! A lock that another thread holds at the moment of a fork stays locked in the child for ever. So the child must not
//! touch its parent's locks, and here it finds a value of its own without taking one. Two threads of a child that come
//! at the same time may both make one; the first stays.

use std::sync::{Mutex, MutexGuard, PoisonError};

use once_cell::race::OnceBox;

/// A value for this process, and behind it those for the processes that were forked from it.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    process: u32,
    value: T,
    child: OnceBox<PerProcess<T>>,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: std::process::id(), value, child: OnceBox::new() }
    }

    /// This process's value; if it has none yet, the one that `inherit` makes of its parent's.
    pub(crate) fn get(&self, inherit: impl Fn(&T) -> T) -> &T {
        let process = std::process::id();
        let mut found = self;
        while found.process != process {
            found = found.child.get_or_init(|| Box::new(Self::new(inherit(&found.value))));
        }
        &found.value
    }
}

impl<T> PerProcess<Mutex<T>> {
    /// Locks this process's value; if it has none yet, the one that `inherit` makes of its parent's, which is out of reach
    /// (`None`) where another thread held it at the fork.
    pub(crate) fn lock(&self, inherit: impl Fn(Option<&mut T>) -> T) -> MutexGuard<'_, T> {
        let own = self.get(|parents| Mutex::new(inherit(parents.try_lock().ok().as_deref_mut())));
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_a_value_of_its_own_and_needs_no_lock_of_its_parent() {
        let parents = PerProcess { process: 0, value: Mutex::new("the parent's"), child: OnceBox::new() };
        let held = parents.value.lock().unwrap();
        assert_eq!(*parents.lock(|value| if value.is_none() { "the child's" } else { "" }), "the child's");
        assert_eq!(*parents.lock(|_| "another"), "the child's");
        assert_eq!(*held, "the parent's");
    }

    #[test]
    fn a_child_inherits_what_nobody_held() {
        let parents = PerProcess { process: 0, value: Mutex::new(1), child: OnceBox::new() };
        *parents.lock(|value| value.map_or(0, |value| *value)) += 1;
        assert_eq!(*parents.lock(|_| 0), 2);
        assert_eq!(*parents.value.lock().unwrap(), 1);
    }
}
