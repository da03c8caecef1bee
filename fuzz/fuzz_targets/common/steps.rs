//! An input as steps: what to do, with which, and the bytes of so many that follow.

/// The steps of an input, the last with what there is.
pub fn steps(mut input: &[u8]) -> impl Iterator<Item = (u8, usize, &[u8])> {
    std::iter::from_fn(move || {
        let [what, which, length, rest @ ..] = input else { return None };
        let (data, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        input = rest;
        Some((*what, usize::from(*which), data))
    })
}
