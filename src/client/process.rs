//! Values of which every process has its own.
//!
//! A lock that another thread holds at the moment of a fork stays locked in the child for ever. So the child must not
//! touch its parent's locks, and here it finds a value of its own without taking one. Two threads of a child that come
//! at the same time may both make one; the first stays.

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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_child_has_a_value_of_its_own_and_needs_no_lock_of_its_parent() {
        let parents = PerProcess { process: 0, value: Mutex::new("the parent's"), child: OnceBox::new() };
        let held = parents.value.lock().unwrap();
        let childs = parents.get(|value| Mutex::new(if value.try_lock().is_err() { "the child's" } else { "" }));
        assert_eq!(*childs.lock().unwrap(), "the child's");
        assert!(std::ptr::eq(childs, parents.get(|_| Mutex::new("another"))));
        assert_eq!(*held, "the parent's");
    }
}
