//! PyTorch's and NumPy's random streams, bit for bit, so that a run can be compared with the published code's.
//!
//! Both draw their words from MT19937 and differ in everything after that: how words become floats, integers and
//! orders. Results are the same on every machine, but for the normals that go through the system's `ln` and `sin`
//! (NumPy's all, PyTorch's in blocks under 16), whose last bit a C library may round differently.

pub mod numpy;
pub mod torch;

mod mt19937;
