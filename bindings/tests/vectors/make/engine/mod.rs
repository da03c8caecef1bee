//! `engine/*.json`: clients and hubs, record by record.

mod audit;
mod border;
mod client;
mod compression;
mod crowd;
mod ends;
mod hub;
mod links;
mod pair;
mod reconnect;
mod renewals;
mod requests;
mod scene;
mod sessions;
mod states;
mod wire;

use std::collections::BTreeSet;

use pamlink_ffi::packed::schema::{self, Record};

use self::scene::Scene;
use crate::files::Made;

pub(super) fn files() -> Vec<Made> {
    let scenes: Vec<_> = [
        border::scenes(),
        client::scenes(),
        compression::scenes(),
        crowd::scenes(),
        ends::scenes(),
        hub::scenes(),
        links::scenes(),
        reconnect::scenes(),
        requests::scenes(),
        sessions::scenes(),
        states::scenes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let seen: BTreeSet<_> = scenes.iter().flat_map(Scene::kinds).collect();
    let is_of_codec = |record: &Record| CODEC.contains(&record.kind);
    let unseen = schema::RECORDS.iter().filter(|it| !seen.contains(&it.kind) && !is_of_codec(it));
    let unseen: Vec<_> = unseen.map(|record| record.name).collect();
    assert!(unseen.is_empty(), "no scene has {unseen:?}");
    scenes.iter().map(Scene::made).collect()
}

/// Records that only a frame codec writes.
const CODEC: [u16; 4] = [schema::PING, schema::PONG, schema::CLOSE_READ, schema::TEXT_READ];
