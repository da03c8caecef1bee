//! `engine/*.json`: clients and hubs, record by record.

mod audit;
mod links;
mod pair;
mod scene;

use crate::files::Made;

pub(super) fn files() -> Vec<Made> {
    let scenes: Vec<_> = [links::scenes()].into_iter().flatten().collect();
    scenes.iter().map(scene::Scene::made).collect()
}
