//! Pausing a program: its chunks wait, its imports stay as they are, and nothing of them is abandoned.
//!
//! The state is one object beside the program's imports. A worker drops the messages of a paused program: the chunks stay
//! open, and the resumption cuts and sends them again. So a pause costs nothing, however long it is.

use rollcall_domain::plan::object_keys::{self, PauseRequest};
use rollcall_domain::types::names::ProgramName;

use crate::fault::Fault;
use crate::ports::{Answer, Objects};

const PAUSED: &[u8] = b"paused\n";
const RUNNING: &[u8] = b"running\n";
/// How often the state is written where requests keep coming.
const TRIES: u32 = 4;

/// Whether the imports of a program wait.
///
/// # Errors
/// Where the bucket cannot be read.
pub async fn is_paused(objects: &impl Objects, program: &ProgramName) -> Answer<bool> {
    let state = objects.get(&object_keys::paused(program)).await?;
    Ok(state.is_some_and(|state| state == PAUSED))
}

async fn set_paused(objects: &impl Objects, program: &ProgramName, paused: bool) -> Answer<()> {
    let state = if paused { PAUSED } else { RUNNING };
    objects.put(&object_keys::paused(program), state.to_vec()).await
}

/// Follows the objects that ask for a pause or a resumption: the one that was written last stands, whatever the order in
/// which their events come. Returns whether the program is paused now.
///
/// # Errors
/// Where a port fails. The event may be repeated.
pub async fn follow_requests(objects: &impl Objects, program: &ProgramName) -> Answer<bool> {
    for _ in 0..TRIES {
        let pause = objects.describe(&PauseRequest { program: program.clone(), pause: true }.key()).await?;
        let resume = objects.describe(&PauseRequest { program: program.clone(), pause: false }.key()).await?;
        let paused = pause.is_some_and(|pause| resume.is_none_or(|resume| pause.modified > resume.modified));
        if is_paused(objects, program).await? == paused {
            return Ok(paused);
        }
        // Looks again afterwards: another event may have been followed meanwhile.
        set_paused(objects, program, paused).await?;
    }
    Err(Fault::transient("pausing a program", "requests keep coming"))
}
