//! Objects with typed members.

use super::error::DecodeError;
use super::extra::{Extra, Seen};
use super::field::Field;
use super::object::Object;
use super::raw::Member;
use super::shape::Shape;

/// An object some of whose members are typed.
pub(super) trait Record<'a>: Default {
    /// Puts the value of a known member into its place; whether the name is known.
    fn place(&mut self, name: &str, member: &Member<'a>, seen: &mut Seen) -> bool;

    /// The name and the type of a known member.
    fn known(name: &str) -> Option<(&'static str, &'static str)>;

    fn extra(&self) -> &Extra<'a>;

    fn extra_mut(&mut self) -> &mut Extra<'a>;

    /// Appends the members to an object.
    fn write_members(&self, object: &mut Object<'_>);
}

/// Reads a record from the members of an object, without the one named `skip`.
#[inline]
pub(super) fn read<'a, T: Record<'a>>(
    members: impl Iterator<Item = Member<'a>>,
    skip: Option<&str>,
) -> T {
    let mut record = T::default();
    let mut seen = Seen::default();
    members.for_each(|member| {
        if skip != Some(member.key) && !record.place(member.key, &member, &mut seen) {
            read_unknown(&mut record, &member, skip, &mut seen);
        }
    });
    if seen.superseded != 0 {
        record.extra_mut().forget(seen);
    }
    record
}

/// A member whose name is not known as it is spelled: perhaps it is with its escapes resolved.
#[cold]
fn read_unknown<'a, T: Record<'a>>(
    record: &mut T,
    member: &Member<'a>,
    skip: Option<&str>,
    seen: &mut Seen,
) {
    let name = member.name();
    if skip != Some(&*name) && !record.place(&name, member, seen) {
        record.extra_mut().keep(member, None);
    }
}

/// The typed value of a known member. What is not of its type goes to `extra` and reads as
/// absent; of equal names the last one counts.
#[inline]
pub(super) fn take<'a, T: Field<'a>>(
    member: &Member<'a>,
    seen: &mut Seen,
    place: u8,
    extra: &mut Extra<'a>,
) -> Option<T> {
    let bit = 1 << place;
    seen.superseded |= seen.mismatch & bit;
    let typed = if member.value.is_null() { None } else { T::read(member.value) };
    if typed.is_none() {
        seen.mismatch |= bit;
        extra.keep(member, Some(place));
    } else {
        seen.mismatch &= !bit;
    }
    typed
}

/// The known members of `record` that were not of their type.
pub(super) fn mismatches<'a, T: Record<'a>>(record: &T) -> Vec<DecodeError> {
    let members = record.extra().members().filter(|member| member.value.shape() != Shape::Null);
    let mismatch = members.filter_map(|member| {
        let (field, expected) = T::known(&member.name)?;
        Some(DecodeError { field, expected, found: member.value.shape(), at: member.at })
    });
    mismatch.collect()
}

/// Makes a struct of an object's known members, all optional, and `extra` for the others.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$field_doc:meta])* $wire:literal $field:ident: $type:ty, )* }
    ) => {
        $(#[$doc])*
        ///
        /// Closed: built by a literal that ends with `..Default::default()`.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[allow(clippy::exhaustive_structs)]
        pub struct $name<'a> {
            $( $(#[$field_doc])* pub $field: Option<$type>, )*
            /// All other members, and those whose values were not of their type.
            pub extra: $crate::envelope::extra::Extra<'a>,
        }

        impl<'a> $crate::envelope::record::Record<'a> for $name<'a> {
            #[inline]
            fn place(
                &mut self,
                name: &str,
                member: &$crate::envelope::raw::Member<'a>,
                seen: &mut $crate::envelope::extra::Seen,
            ) -> bool {
                #[allow(non_camel_case_types, clippy::enum_variant_names)]
                enum Place { $( $field, )* }
                match name {
                    $( $wire => {
                        self.$field = $crate::envelope::record::take(
                            member, seen, Place::$field as u8, &mut self.extra,
                        );
                    } )*
                    _ => return false,
                }
                true
            }

            fn known(name: &str) -> Option<(&'static str, &'static str)> {
                match name {
                    $( $wire => Some((
                        $wire,
                        <$type as $crate::envelope::field::Field<'a>>::EXPECTED,
                    )), )*
                    _ => None,
                }
            }

            fn extra(&self) -> &$crate::envelope::extra::Extra<'a> {
                &self.extra
            }

            fn extra_mut(&mut self) -> &mut $crate::envelope::extra::Extra<'a> {
                &mut self.extra
            }

            fn write_members(&self, object: &mut $crate::envelope::object::Object<'_>) {
                $( object.optional($wire, self.$field.as_ref()); )*
                object.extra(&self.extra);
            }
        }
    };
}

pub(super) use record;
