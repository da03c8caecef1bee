//! The packed layout and its schema.

use pamlink_ffi::packed::{View, schema};
use serde_json::{Value, json};

use super::{items, number, text};
use crate::record::{Record, bytes};

pub(super) fn schema(file: &Value) -> usize {
    assert_eq!(file["abi"], pamlink_ffi::abi_version());
    assert_eq!(items(&file["records"]).len(), schema::RECORDS.len());
    for (item, record) in items(&file["records"]).iter().zip(schema::RECORDS) {
        let ours = json!({
            "kind": record.kind, "name": record.name, "from": record.from.as_str(),
            "words": record.words, "texts": record.texts,
        });
        assert_eq!(*item, ours);
    }
    schema::RECORDS.len()
}

pub(super) fn records(file: &Value) -> usize {
    for case in items(file) {
        let packed = bytes(text(&case["hex"]));
        if case["record"].is_null() {
            unknown(case, &packed);
            continue;
        }
        let record = Record::from_json(case);
        assert_eq!(record.pack(), packed, "{case}");
        assert_eq!(Record::read(&packed), std::slice::from_ref(&record), "{case}");
        let from_host = schema::record(record.kind).is_some_and(|it| it.from == schema::From::Host);
        assert_eq!(View::split(&packed).is_ok(), from_host, "{case}");
    }
    items(file).len()
}

/// A reader steps over it by its size; the engine takes it from nobody.
fn unknown(case: &Value, packed: &[u8]) {
    let size = u32::from_le_bytes(packed[..4].try_into().expect("four bytes"));
    assert_eq!(size as usize, packed.len(), "{case}");
    let kind = u16::from_le_bytes([packed[4], packed[5]]);
    assert_eq!(u64::from(kind), number(&case["kind"]), "{case}");
    assert_eq!(schema::record(kind), None, "{case}");
    assert!(View::split(packed).is_err(), "{case}");
}
