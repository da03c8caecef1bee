//! Objects with members, each declared once for reading and writing.

use super::bounded::{Bounded, Wrong};
use crate::envelope::object::Object;
use crate::envelope::raw::{Member, Raw};

/// An object with members.
pub(super) trait Record<'a>: Sized {
    /// Reads the members in one pass, of equal names the last; those of other names go to `other`.
    /// An error names the member.
    fn read_members(
        members: impl Iterator<Item = Member<'a>>,
        other: &mut dyn FnMut(&str, Raw<'a>),
    ) -> Result<Self, (&'static str, Wrong)>;

    /// Appends the members to an object.
    fn write_members(&self, object: &mut Object<'_>);
}

/// Puts each member to its name; those of other names go to `other`. Every type reads through this one
/// loop: one of its own for each would be a tenth of what a page loads.
#[inline(never)]
pub(super) fn assign<'a>(
    members: impl Iterator<Item = Member<'a>>,
    names: &[&'static str],
    found: &mut [Option<Raw<'a>>],
    other: &mut dyn FnMut(&str, Raw<'a>),
) {
    members.for_each(|member| {
        member.visit(&mut |name: &str, value| {
            let mut places = names.iter().zip(&mut *found);
            match places.find(|(own, _)| **own == name) {
                Some((_, place)) => *place = Some(value),
                None => other(name, value),
            }
        });
    });
}

/// Reads a member; `null` is absence, unless it is a value of the type.
pub(super) fn take<'a, T: Bounded<'a>>(
    name: &'static str,
    found: Option<Raw<'a>>,
) -> Result<T, (&'static str, Wrong)> {
    match found.filter(|value| T::TAKES_NULL || !value.is_null()) {
        Some(value) => T::read(value).map_err(|wrong| (name, wrong)),
        None => {
            let missing = Wrong { inner: None, found: None, wanted: T::WANTED };
            T::absent().ok_or((name, missing))
        }
    }
}

/// Appends a member, unless it is written by leaving it out. `named` is its name with what stands
/// around it, `,"name":`.
pub(super) fn put<'a, T: Bounded<'a>>(object: &mut Object<'_>, named: &'static str, value: &T) {
    if !value.is_absent() {
        value.write(object.named(named));
    }
}

/// Makes structs of the members of objects, in the order in which they are written.
macro_rules! records {
    ( $(
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $( $(#[$member_doc:meta])* $member:ident: $type:ty, )* }
    )* ) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name $(<$life>)? {
            $( $(#[$member_doc])* pub $member: $type, )*
        }

        impl<'a> Record<'a> for $name $(<$life>)? {
            fn read_members(
                members: impl Iterator<Item = Member<'a>>,
                other: &mut dyn FnMut(&str, Raw<'a>),
            ) -> Result<Self, (&'static str, Wrong)> {
                const NAMES: &[&str] = &[$( stringify!($member), )*];
                let mut found = [None; NAMES.len()];
                assign(members, NAMES, &mut found, other);
                let [$( $member, )*] = found;
                Ok(Self { $( $member: take(stringify!($member), $member)?, )* })
            }

            fn write_members(&self, object: &mut Object<'_>) {
                $( put(object, concat!(",\"", stringify!($member), "\":"), &self.$member); )*
            }
        }
    )* };
}

/// Lets objects be values of members.
macro_rules! inner_records {
    ( $( $name:ident $(<$life:lifetime>)?, $wanted:literal; )* ) => { $(
        impl<'a> Bounded<'a> for $name $(<$life>)? {
            const WANTED: &'static str = $wanted;

            fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
                if raw.shape() != Shape::Object {
                    return Err(Wrong::value(raw, Self::WANTED));
                }
                let members = Members::of(raw.as_json());
                Self::read_members(members, &mut |_, _| {})
                    .map_err(|(member, wrong)| Wrong { inner: Some(member), ..wrong })
            }

            fn write(&self, out: &mut String) {
                let mut object = Object::new(out);
                self.write_members(&mut object);
                object.end();
            }
        }
    )* };
}

pub(super) use {inner_records, records};
