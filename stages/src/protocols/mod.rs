//! Protocols: how an experiment is split, tuned and scored, as data.
//!
//! `protocol` says what a protocol is, `parts` keeps the roles of the data apart by type, `seeds` gives every run its
//! random streams; `tuning` searches hyper-parameters, `runs` makes the final runs (`on_device` a block of them on a GPU),
//! `sensitivity` repeats one with a single thing changed, and `by_hand` makes single ones; `differences` puts protocols side
//! by side (`sides`). One file each for the experiments, which state their own protocols.

pub mod by_hand;
pub mod differences;
pub mod gwd;
pub mod iwsva;
pub mod on_device;
pub mod parts;
pub mod protocol;
pub mod runs;
pub mod seeds;
pub mod sensitivity;
pub mod sides;
pub mod svdgrad;
pub mod svvar;
pub mod tuning;

/// In the order in which messages name them.
pub const EXPERIMENTS: &[protocol::Experiment] =
    &[iwsva::EXPERIMENT, svvar::EXPERIMENT, gwd::EXPERIMENT, svdgrad::EXPERIMENT];

/// Who makes a block of final runs.
pub struct Observers {
    pub on_cpu: runs::ObserveBlock,
    pub on_device: runs::ObserveBlock,
}

/// A table like the other: a stage that trains on the CPU does not rest on the code of devices.
pub const OBSERVERS: Observers =
    Observers { on_cpu: runs::observe_side_by_side, on_device: on_device::observe_at_once };
