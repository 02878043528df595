//! A bounded queue between tasks that drops its oldest item when full: late audio is worth nothing.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The queue; one consumer, any number of producers, none of which ever waits.
#[derive(Debug)]
pub(in crate::client) struct Latest<T> {
    state: Mutex<State<T>>,
    filled: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Latest<T> {
    /// An empty queue.
    pub(in crate::client) fn new(capacity: usize) -> Self {
        let state = State { items: VecDeque::with_capacity(capacity), closed: false };
        Self { state: Mutex::new(state), filled: Notify::new(), capacity }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // No code under the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an item, and returns the oldest if it had to go. A closed queue returns the item itself.
    pub(in crate::client) fn push(&self, item: T) -> Option<T> {
        let mut state = self.state();
        if state.closed {
            return Some(item);
        }
        let dropped = if state.items.len() >= self.capacity { state.items.pop_front() } else { None };
        state.items.push_back(item);
        drop(state);
        self.filled.notify_one();
        dropped
    }

    /// The oldest item, as soon as there is one; `None` once the queue is closed and empty.
    pub(in crate::client) async fn pop(&self) -> Option<T> {
        loop {
            {
                let mut state = self.state();
                if let Some(item) = state.items.pop_front() {
                    return Some(item);
                }
                if state.closed {
                    return None;
                }
            }
            // A push between the look and the wait leaves a permit behind.
            self.filled.notified().await;
        }
    }

    /// Lets nothing more in.
    pub(in crate::client) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_goes_first_and_is_dropped_first() {
        let queue = Latest::new(2);
        assert_eq!([queue.push(1), queue.push(2), queue.push(3)], [None, None, Some(1)]);
        assert_eq!(queue.pop().await, Some(2));
        queue.close();
        assert_eq!(queue.push(4), Some(4));
        assert_eq!((queue.pop().await, queue.pop().await), (Some(3), None));
    }
}
