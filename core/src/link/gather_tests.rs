use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn written(gather: &Gather) -> Vec<u8> {
    gather.slices().flatten().copied().collect()
}

#[test]
fn small_frames_are_one_slice_and_large_ones_are_handed_through() {
    let mut gather = Gather::default();
    let shared: Arc<[u8]> = Arc::from(vec![3; LARGE]);
    let longer: Arc<[u8]> = Arc::from(vec![4; LARGE + 1]);
    let places = [shared.as_ptr(), longer.as_ptr()];
    gather.buffer().extend_from_slice(b"head");
    gather.push(Arc::from([1; 5]));
    gather.push(Arc::from(vec![2; LARGE - 1]));
    gather.push(Arc::clone(&shared));
    gather.push(longer);
    gather.buffer().extend_from_slice(b"tail");
    let slices: Vec<_> = gather.slices().collect();
    assert_eq!(slices.len(), 4);
    assert_eq!((slices[0].len(), slices[3]), (4 + 5 + LARGE - 1, &b"tail"[..]));
    assert_eq!([slices[1].as_ptr(), slices[2].as_ptr()], places);
    assert_eq!(Arc::strong_count(&shared), 2);
    gather.advance(slices[0].len() + LARGE);
    assert_eq!(Arc::strong_count(&shared), 1, "what was written is let go");
}

#[test]
fn an_empty_one_gives_memory_back() {
    let mut gather = Gather::default();
    for _ in 0..100 {
        gather.push(Arc::from(vec![1; LARGE - 1]));
        gather.push(Arc::from(vec![2; LARGE]));
    }
    gather.advance(usize::MAX);
    assert!(gather.is_empty() && gather.slices().next().is_none());
    assert!(gather.small.capacity() <= KEEP.0 && gather.large.capacity() <= KEEP.1);
}

#[test]
fn it_does_not_grow_though_it_is_never_empty() {
    let mut gather = Gather::default();
    gather.push(Arc::from(vec![0; 2_000]));
    for _ in 0..1_000 {
        gather.push(Arc::from(vec![1; 1_000]));
        gather.advance(1_000);
    }
    assert_eq!(gather.len(), 2_000);
    assert!(gather.small.capacity() <= 8_000, "{} bytes", gather.small.capacity());
}

#[derive(Clone, Debug)]
enum Act {
    Append(usize),
    Push(usize),
    Write(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let len = prop_oneof![0..40_usize, LARGE - 2..LARGE + 2, LARGE..3 * LARGE];
    prop_oneof![
        (0..40_usize).prop_map(Act::Append),
        len.clone().prop_map(Act::Push),
        len.prop_map(Act::Write),
    ]
}

proptest! {
    #[test]
    fn partial_writes_lose_and_repeat_no_byte(acts in prop::collection::vec(act(), 1..60)) {
        let mut gather = Gather::default();
        // The same into one buffer; every byte tells its place.
        let (mut all, mut at) = (Vec::new(), 0);
        let mut next = |len: usize| -> Vec<u8> {
            (0..len).map(|_| { at += 1; (at % 251) as u8 }).collect()
        };
        let mut arrived = Vec::new();
        for act in acts {
            match act {
                Act::Append(len) => {
                    let bytes = next(len);
                    gather.buffer().extend_from_slice(&bytes);
                    all.extend_from_slice(&bytes);
                }
                Act::Push(len) => {
                    let payload: Arc<[u8]> = next(len).into();
                    Sink::push(&mut all, Arc::clone(&payload));
                    gather.push(payload);
                }
                Act::Write(len) => {
                    let waits = written(&gather);
                    let len = len.min(waits.len());
                    arrived.extend_from_slice(&waits[..len]);
                    gather.advance(len);
                }
            }
            prop_assert_eq!(gather.len(), all.len() - arrived.len());
            prop_assert_eq!(gather.is_empty(), gather.slices().next().is_none());
            prop_assert!(gather.slices().all(|slice| !slice.is_empty()));
        }
        arrived.extend(written(&gather));
        prop_assert!(arrived == all, "{} bytes of {}", arrived.len(), all.len());
    }
}
