//! `retrial`: the engine, with this study's programs and commands.

mod registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pipeline::cli::run(&registry::STUDY)
}
