//! DIG-5 at every crash point: contacts registered before are all there until the new ones are all in.

use rollcall_domain::types::id::ContactId;
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::world::{Event, World};

const EARLIER: &str = "Nome;Telefone 1\nAna;+5511961234561\nBob;+5511961234562\nCy;+5511961234563\n";
const LATER: &str = "Nome;Telefone 1\nBob;+5511961234562\nCy Lima;+5511961234563\nDi;12\nEva;+5511961234565\n\
    Eva;+5511961234565\nFay;+5511961234566\n";

type Listed = Vec<(ContactId, String, Vec<String>)>;

fn world(options: &[(&str, &str)]) -> (World, Event) {
    World::with_acme().and_dropped("mailing", EARLIER, LATER, options, 2)
}

fn listed(world: &World) -> Listed {
    world.contacts_of("mailing")
}

fn holds(all: &Listed, these: &Listed) -> bool {
    these.iter().all(|(id, ..)| all.iter().any(|(known, ..)| known == id))
}

#[test]
fn dig_05_a_crash_at_any_call_neither_loses_nor_leaves_a_contact() {
    let options = [("replace", "true")];
    let (undisturbed, dropped) = world(&options);
    let earlier = listed(&undisturbed);
    let machine = Machine::sound();
    undisturbed.drive([dropped].into(), || machine.clone());
    let wanted = listed(&undisturbed);
    assert_eq!((earlier.len(), wanted.len()), (3, 4));
    for (call, side) in (0..machine.calls()).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
        let (world, dropped) = world(&options);
        let left = world.drive_to_death(dropped, &Machine::dying_at(call, side));
        let now = listed(&world);
        assert!(holds(&now, &earlier) || now == wanted, "call {call} {side:?}: {now:?}");
        world.clock.advance(61_000);
        world.drive(left, Machine::sound);
        assert_eq!(listed(&world), wanted, "call {call} {side:?}");
    }
}

#[test]
fn dig_05_a_dry_run_that_crashes_deletes_nothing() {
    let options = [("replace", "true"), ("dry_run", "true")];
    let (undisturbed, dropped) = world(&options);
    let earlier = listed(&undisturbed);
    let machine = Machine::sound();
    undisturbed.drive([dropped].into(), || machine.clone());
    for call in 0..machine.calls() {
        let (world, dropped) = world(&options);
        let left = world.drive_to_death(dropped, &Machine::dying_at(call, Side::After));
        world.clock.advance(61_000);
        world.drive(left, Machine::sound);
        assert_eq!(listed(&world), earlier, "call {call}");
    }
}
