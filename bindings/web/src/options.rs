//! The options of a client as JSON: an object whose members are those of the options table, by
//! their names.

use pamlink::client::ClientConfig;
use pamlink::envelope::{Raw, Shape};
use pamlink::link::Endpoint;
use pamlink_border::{Code, Fault};

/// What the options say. Members with equal names, too, are taken in turn.
///
/// # Errors
///
/// `bad_option` names the member, `bad_url` says what is wrong with the address.
pub(crate) fn read(json: &[u8]) -> Result<(ClientConfig, Endpoint), Fault> {
    let json = str::from_utf8(json).unwrap_or_default();
    let options = Raw::parse(json, 2).ok().filter(|it| it.shape() == Shape::Object);
    let options = options.ok_or_else(|| bad("the options are no JSON object".to_owned()))?;
    let mut config = ClientConfig::default();
    let mut endpoint = None;
    let mut offers_v1 = true;
    for (name, value) in options.fields() {
        let wrong = || bad(format!("{} is of another type", &*name));
        match &*name {
            "url" => {
                let url = value.text().ok_or_else(wrong)?;
                let parsed = Endpoint::parse(&url);
                let parsed = parsed.map_err(|error| Fault::new(Code::BadUrl, error.to_string()))?;
                endpoint = Some(parsed.0);
            }
            "v1" => offers_v1 = value.bool().ok_or_else(wrong)?,
            "anonymous" => config.link.anonymous = value.bool().ok_or_else(wrong)?,
            "subprotocols" => {
                let names = value.items().map(|item| item.text().map(|name| name.to_string()));
                config.link.subprotocols = names.collect::<Option<_>>().ok_or_else(wrong)?;
            }
            name => {
                let number = value.i64().and_then(|number| u64::try_from(number).ok());
                config.set(name, number.ok_or_else(wrong)?)?;
            }
        }
    }
    let endpoint = endpoint.ok_or_else(|| Fault::new(Code::BadUrl, "there is no URL"))?;
    Ok((config, if offers_v1 { endpoint.offering_v1() } else { endpoint }))
}

fn bad(what: String) -> Fault {
    Fault::new(Code::BadOption, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: &str = include_str!("../index.d.ts");

    /// A name as JavaScript has it.
    fn camel_case(name: &str) -> String {
        let mut parts = name.split('_');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
    }

    fn what(json: &str) -> (Code, String) {
        let fault = read(json.as_bytes()).map(|_| ()).unwrap_err();
        (fault.code, fault.what)
    }

    #[test]
    fn every_option_that_the_packages_have_is_taken_by_its_name() {
        // What goes into the head of an upgrade that the platform makes.
        let of_bytes = ["origin", "compression"];
        for option in ClientConfig::options().filter(|it| it.in_packages) {
            if of_bytes.contains(&option.name) {
                continue;
            }
            let value = match (option.bounds(), option.name) {
                (Some(bounds), _) => bounds.end().to_string(),
                (None, "subprotocols") => r#"["pamlink.v1"]"#.to_owned(),
                (None, _) => "true".to_owned(),
            };
            let json = format!(r#"{{"url":"wss://h/","{}":{value}}}"#, option.name);
            assert!(read(json.as_bytes()).is_ok(), "{json}");
            // `anonymous` is to give no token.
            let typed = format!("\n  {}?: ", camel_case(option.name));
            assert!(option.name == "anonymous" || TYPES.contains(&typed), "{typed}");
        }
    }

    #[test]
    fn what_is_no_option_is_named() {
        let unknown = what(r#"{"url":"wss://h/","colour":1}"#);
        assert!(unknown.0 == Code::BadOption && unknown.1.contains("colour"), "{unknown:?}");
        let bounds = what(r#"{"url":"wss://h/","max_requests":0}"#);
        assert_eq!(bounds.1, "max_requests is 0, not from 1 to 65536");
        for json in [
            r#"{"url":1}"#,
            r#"{"anonymous":"yes"}"#,
            r#"{"subprotocols":[1]}"#,
            r#"{"max_requests":-1}"#,
            r#"{"max_requests":1.5}"#,
        ] {
            assert!(what(json).1.ends_with(" is of another type"), "{json}: {:?}", what(json));
        }
        assert_eq!(what("{}"), (Code::BadUrl, "there is no URL".to_owned()));
        assert_eq!(what(r#"{"url":"https://h/"}"#).0, Code::BadUrl);
    }
}
