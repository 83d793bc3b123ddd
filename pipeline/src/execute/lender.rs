//! Threads that running stages borrow, by the protocol of GNU make's jobserver.
//!
//! The scheduler counts the threads that are free. Those that no stage of the queue can use are lent: each becomes a token in a
//! pipe, from which the stages that say `threads: any` take one for every thread beyond their first and put it back when they
//! need it no longer. When the queue is short of threads, tokens are asked back, one at a time; a borrower that has more
//! work keeps its own, so a stage that has begun comes to its end before others spread out.
//!
//! A borrower that is killed takes its tokens with it. They are missing until nothing runs any more; then the engine starts with
//! a new pipe. No stage waits for ever, since the thread that it was started with never came from the pipe.

use std::io;

use jobserver::{Acquired, Client, HelperThread};

pub struct Lender {
    client: Client,
    helper: HelperThread,
    /// Tokens in the pipe, with borrowers, or lost.
    lent: u64,
    /// A token was asked for and has not come yet.
    asked: bool,
}

impl Lender {
    /// `deliver` gets, on a thread of its own, each token that is taken back, for [`Lender::got_back`].
    pub fn new(deliver: impl FnMut(io::Result<Acquired>) + Send + 'static) -> io::Result<Self> {
        let client = Client::new(0)?;
        let helper = client.clone().into_helper_thread(deliver)?;
        Ok(Self { client, helper, lent: 0, asked: false })
    }

    /// What a borrower's process has to be given.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub fn lent(&self) -> u64 {
        self.lent
    }

    pub fn lend(&mut self, threads: u64) -> io::Result<()> {
        for _ in 0..threads {
            self.client.release_raw()?;
            self.lent += 1;
        }
        Ok(())
    }

    /// Asks for one thread, where any is lent and none is asked for.
    pub fn ask_back(&mut self) {
        if self.lent > 0 && !self.asked {
            self.asked = true;
            self.helper.request_token();
        }
    }

    /// The thread is the scheduler's again.
    pub fn got_back(&mut self, token: Acquired) {
        token.drop_without_releasing();
        self.asked = false;
        self.lent -= 1;
    }
}
