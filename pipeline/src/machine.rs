//! What this machine has for stages to share (cores, memory, GPUs), and what tells it from another.

use std::path::{Path, PathBuf};

/// What the stages of one run share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// How many threads stages may keep busy together.
    pub threads: usize,
    /// Bytes; `None` where the system does not say.
    pub memory: Option<u64>,
    /// The GPUs, as `CUDA_VISIBLE_DEVICES` names them.
    pub gpus: Vec<String>,
}

impl Machine {
    /// `visible` is what the user has set `CUDA_VISIBLE_DEVICES` to: only those GPUs are there for stages.
    pub fn here(threads: usize, visible: Option<&str>) -> Self {
        let gpus = match visible {
            Some(list) => visible_gpus(list),
            None => (0..gpus().len()).map(|slot| slot.to_string()).collect(),
        };
        Self { threads, memory: memory(), gpus }
    }
}

/// As the CUDA library reads the list: what stands after an entry that is no device does not count.
fn visible_gpus(list: &str) -> Vec<String> {
    let is_device = |name: &&str| {
        let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        number || name.starts_with("GPU-") || name.starts_with("MIG-")
    };
    list.split(',').map(str::trim).take_while(is_device).map(str::to_owned).collect()
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory: the machine's, or less where this process's control group (a container, a batch job) allows less.
pub fn memory() -> Option<u64> {
    // SAFETY: sysconf only looks values up.
    let (pages, page) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    let installed = u64::try_from(pages).ok().zip(u64::try_from(page).ok()).map(|(pages, page)| pages * page);
    installed.into_iter().chain(group_memory()).min()
}

/// The least limit on the control groups (version 2) that this process is in.
fn group_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let top = Path::new("/sys/fs/cgroup");
    let limit = |group: &Path| std::fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok();
    top.join(own).ancestors().take_while(|group| group.starts_with(top)).filter_map(limit).min()
}

/// The models of NVIDIA's GPUs, in the order of their numbers (`GPU` where the driver does not tell the model).
pub fn gpus() -> Vec<String> {
    let listed = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths
    };
    let model = |gpu: &PathBuf| {
        let text = std::fs::read_to_string(gpu.join("information")).unwrap_or_default();
        let model = text.lines().find_map(|line| line.strip_prefix("Model:")).map(|model| model.trim().to_owned());
        model.unwrap_or_else(|| "GPU".to_owned())
    };
    let described: Vec<String> = listed("/proc/driver/nvidia/gpus").iter().map(model).collect();
    if !described.is_empty() {
        return described;
    }
    // Containers may have the devices and not the driver's descriptions.
    let is_gpu = |path: &PathBuf| {
        let number = path.file_name().and_then(|name| name.to_str()?.strip_prefix("nvidia"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    listed("/dev").iter().filter(|path| is_gpu(path)).map(|_| "GPU".to_owned()).collect()
}

/// The processor's name, where the system tells it.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let named = text.lines().find(|line| line.starts_with("model name"))?;
    Some(named.split_once(':')?.1.trim().to_owned())
}

/// Collects the names of the features that the processor has.
macro_rules! features {
    ($has:ident: $($name:tt)*) => {{
        let mut features = Vec::new();
        $(if std::arch::$has!($name) {
            features.push($name);
        })*
        features
    }};
}

/// What the processor can do that numerical code chooses its kernels by.
#[cfg(target_arch = "x86_64")]
pub fn processor_features() -> Vec<&'static str> {
    features!(is_x86_feature_detected:
        "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "fma" "f16c" "bmi1" "bmi2"
        "avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl" "avx512vnni" "avx512bf16" "avx512fp16")
}

#[cfg(target_arch = "aarch64")]
pub fn processor_features() -> Vec<&'static str> {
    features!(is_aarch64_feature_detected: "neon" "fp16" "dotprod" "bf16" "i8mm" "sve" "sve2")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn processor_features() -> Vec<&'static str> {
    Vec::new()
}
