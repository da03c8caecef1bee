//! `engine/*.json`: clients and hubs, record by record.

mod audit;
mod client;
mod hub;
mod links;
mod pair;
mod reconnect;
mod requests;
mod scene;
mod wire;

use crate::files::Made;

pub(super) fn files() -> Vec<Made> {
    let scenes: Vec<_> = [client::scenes(), hub::scenes(), links::scenes(), reconnect::scenes(), requests::scenes()].into_iter().flatten().collect();
    scenes.iter().map(scene::Scene::made).collect()
}
