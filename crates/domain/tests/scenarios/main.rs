//! The scenarios of `tests/scenarios`, replayed on the model alone.

#[expect(
    unreachable_pub,
    reason = "public where it belongs, in the tests of whole clouds"
)]
#[path = "../../../../tests/src/scenario.rs"]
mod scenario;
mod world;

use std::path::Path;

use scenario::Scenario;
use world::World;

#[expect(clippy::print_stdout, reason = "tells which step it was that failed")]
fn replay(folder: &str) {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let files = Scenario::folder(&scenarios.join(folder));
    assert!(!files.is_empty());
    for (name, scenario) in files {
        println!("{name}: {}", scenario.scenario);
        let mut world = World::new(&scenario);
        for (number, step) in scenario.steps.iter().enumerate() {
            println!("  step {}: {step:?}", number + 1);
            world.replay(step);
        }
    }
}

#[test]
fn shares_give_what_their_scenarios_say() {
    replay("shares");
}

#[test]
fn groups_layouts_and_tariffs_give_what_their_scenarios_say() {
    replay("permissions");
}
