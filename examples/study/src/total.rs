//! `squares stage total`: the sum of the numbers in a file.

use std::error::Error;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// A file of numbers, one a line
    #[arg(long)]
    numbers: PathBuf,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

pub fn run(args: &Args) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut total = 0;
    for line in std::fs::read_to_string(&args.numbers)?.lines() {
        total += line.parse::<u64>()?;
    }
    Ok(std::fs::write(&args.out, format!("{total}\n"))?)
}
