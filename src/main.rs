//! Arguments only: reads them, and hands over to whoever does the work.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    cli::log(arguments.log_filter());
    match arguments.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ahoy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
