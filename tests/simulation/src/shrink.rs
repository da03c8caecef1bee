//! The search for the least that still goes wrong.

/// Takes out of a list what it can without `breaks` becoming false, in ever smaller parts.
pub(crate) fn shrink<T: Copy>(mut list: Vec<T>, breaks: impl Fn(&[T]) -> bool) -> Vec<T> {
    if !breaks(&list) {
        return list;
    }
    let mut size = list.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        let mut has_shrunk = false;
        while from < list.len() {
            let to = (from + size).min(list.len());
            let rest: Vec<T> = list[..from].iter().chain(&list[to..]).copied().collect();
            if breaks(&rest) {
                list = rest;
                has_shrunk = true;
            } else {
                from = to;
            }
        }
        size = match size {
            1 if has_shrunk => 1,
            size => size / 2,
        };
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_taken_out() {
        let breaks = |list: &[u32]| list.contains(&17) && list.contains(&71);
        assert_eq!(shrink((0..100).collect(), breaks), [17, 71]);
    }

    #[test]
    fn what_never_breaks_stays() {
        assert_eq!(shrink(vec![1, 2, 3], |_| false), [1, 2, 3]);
    }
}
