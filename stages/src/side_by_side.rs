//! Runs of one stage side by side, each on a thread of its own.
//!
//! Under `retrial repro` a stage has one thread for certain and borrows the others, by the protocol of GNU make's jobserver: so
//! stages share the machine without knowing of one another. Run by hand it takes all there are; `RAYON_NUM_THREADS` bounds both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use jobserver::{Acquired, Client, HelperThread};

/// `run` of each item, in the items' order, whatever the number of threads. After an error no further item is begun; the first
/// item's is returned that has one.
///
/// May be nested: an item that does so goes on with the thread that it has, and borrows others.
pub fn side_by_side<T, R, E>(items: &[T], run: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(items.len()));
    let borrowed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { break };
            let outcome = run(item);
            if outcome.is_err() {
                next.fetch_max(items.len(), Ordering::Relaxed);
            }
            lock(&outcomes).push((number, outcome));
        }
        // Each thread that ends gives one back, whosever it was: the last is left with the one that is the stage's own.
        drop(lock(&borrowed).pop());
    };
    let others = rayon::current_num_threads().min(items.len()).saturating_sub(1);
    let (grant, granted) = mpsc::channel();
    let granted = Mutex::new(granted);
    thread::scope(|scope| {
        let requests = request(others, grant);
        for _ in 0..others {
            scope.spawn(|| {
                let Ok(thread) = lock(&granted).recv() else { return };
                lock(&borrowed).extend(thread);
                work();
            });
        }
        work();
        // Nothing is left to begin: who still waits for a thread ends.
        drop(requests);
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_unstable_by_key(|&(number, _)| number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Asks for so many threads, which are granted as they are free, until what is returned is dropped; where nobody shares them out,
/// all at once.
fn request(threads: usize, grant: mpsc::Sender<Option<Acquired>>) -> Option<HelperThread> {
    if threads == 0 {
        return None;
    }
    // SAFETY: the descriptors that the environment names are those that the engine left open for this process, which has closed
    // none that it did not open; that they are pipes is looked up.
    let client = unsafe { Client::from_env_ext(true) }.client.ok();
    let on_loan = grant.clone();
    // Where nobody waits any more, the thread goes back at once.
    let lend = move |thread: std::io::Result<Acquired>| drop(thread.map(|thread| on_loan.send(Some(thread))));
    let helper = client.and_then(|client| client.into_helper_thread(lend).ok());
    for _ in 0..threads {
        match &helper {
            Some(helper) => helper.request_token(),
            None => drop(grant.send(None)),
        }
    }
    helper
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
