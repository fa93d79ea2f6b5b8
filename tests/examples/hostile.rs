//! Writes files that are made to cost much into a folder, and a clean one:
//! `cargo run --release -p rollcall-tests --example hostile -- FOLDER 10000000`; says profile and path of each.

use std::error::Error;
use std::path::PathBuf;

use rollcall_tests::hostile;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let size = arguments.next().ok_or("how many bytes?")?.parse()?;
    std::fs::create_dir_all(&folder)?;
    let clean: hostile::Kind = ("clean", "prospects", hostile::clean);
    for (name, profile, make) in std::iter::once(clean).chain(hostile::KINDS) {
        let path = folder
            .join(format!("{}.csv", name.replace(|notification: char| !notification.is_alphanumeric(), "-")));
        std::fs::write(&path, make(size))?;
        println!("{profile}\t{}", path.display());
    }
    Ok(())
}
