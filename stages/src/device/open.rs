//! Opens a device for tensors, where this build knows it and this machine has it.

use candle_core::Device;

use super::place::{Place, PlaceError};

/// The device of that name.
pub fn open(place: Place) -> Result<Device, PlaceError> {
    let (is_known, feature) = match place {
        Place::Cpu => (true, ""),
        Place::Cuda(_) => (cfg!(feature = "cuda"), "cuda"),
        Place::Metal => (cfg!(feature = "metal"), "metal"),
    };
    if !is_known {
        return Err(PlaceError::NotInThisBuild { place, feature });
    }
    let opened = match place {
        Place::Cpu => Ok(Device::Cpu),
        Place::Cuda(number) => Device::new_cuda(number),
        Place::Metal => Device::new_metal(0),
    };
    opened.map_err(|problem| PlaceError::NotThere { place, problem: problem.to_string() })
}
