//! Networks, loss and optimiser over flat, preallocated buffers: one run is trained on one thread.
//!
//! `mlp` computes a network and its gradient (by the `products` of a layer, which skip zeros), `loss` what stands between the
//! two, `adam` takes the step, `evaluate` scores a part of the data. `elementary` has exp and ln. `operator` offers the same network to a candle graph.
//!
//! No result depends on the processor: products and vectorised loops give the same bits on all (`linalg`), and no `exp`
//! or `ln` of the system's C library is called.

pub mod adam;
pub mod elementary;
pub mod evaluate;
pub mod loss;
pub mod mlp;
pub mod operator;
mod products;
pub mod subnormals;
