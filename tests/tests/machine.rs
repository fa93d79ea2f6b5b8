//! The machine that dies: what it counts, and where it stops.

use pollster::block_on;
use rollcall_embedded::memory::{MemoryImports, MemoryObjects};
use rollcall_pipeline::ports::{Imports, ObjectWriter, Objects};
use rollcall_tests::contracts::import;
use rollcall_tests::contracts::imports::item;
use rollcall_tests::faults::{Machine, Side};

async fn plot(machine: &Machine, objects: &MemoryObjects, imports: &MemoryImports) -> bool {
    let (objects, imports) = (machine.port(objects.clone()), machine.port(imports.clone()));
    let steps = async {
        imports.begin(item(import(1))).await?;
        objects.put_if_absent("plan", &[b"plan"]).await?;
        let mut writer = objects.create("result").await?;
        writer.write(b"row").await?;
        writer.finish().await
    };
    steps.await.is_ok()
}

#[test]
fn it_dies_at_every_call_and_stays_dead() {
    let sound = Machine::sound();
    assert!(block_on(plot(&sound, &MemoryObjects::default(), &MemoryImports::default())));
    assert_eq!(sound.calls(), 5);
    for side in [Side::Before, Side::After] {
        for call in 0..=sound.calls() {
            let (objects, imports) = (MemoryObjects::default(), MemoryImports::default());
            let machine = Machine::dying_at(call, side);
            let through = block_on(plot(&machine, &objects, &imports));
            assert_eq!((through, machine.is_dead()), (call == 5, call < 5));
            let planned = call > 1 || call == 1 && side == Side::After;
            assert_eq!(objects.keys().contains(&"plan".to_owned()), planned);
            assert!(block_on(machine.port(imports).get(&import(1))).is_err() || call == 5);
        }
    }
}
