//! `options.json`.

use pamlink::client::ClientConfig;
use pamlink::hub::HubConfig;
use pamlink::link::jwt::Verifier;
use pamlink::options::Spec;
use serde_json::{Value, json};

use super::list;
use crate::files::Made;

pub(super) fn file() -> Made {
    let mut verifier = Verifier::hs256(&[7; 32], "authenticated").expect("a key");
    let mut cases = cases("client", ClientConfig::options(), &mut ClientConfig::default());
    cases.extend(self::cases("hub", HubConfig::options(), &mut HubConfig::default()));
    cases.extend(self::cases("auth", Verifier::OPTIONS, &mut verifier));
    let about = "Every option that the packages have, as the tables of the engine say.";
    let text = format!(
        "{{\n  \"about\": \"{about}\",\n  \"cases\": [\n{}\n  ]\n}}\n",
        list("    ", &cases)
    );
    Made { path: "options.json".to_owned(), text }
}

/// The options that packages have of a table.
fn cases<'a, C: 'a>(
    of: &str,
    options: impl IntoIterator<Item = &'a Spec<C>>,
    config: &mut C,
) -> Vec<String> {
    let options = options.into_iter().filter(|option| option.in_packages);
    options.map(|option| case(of, option, config).to_string()).collect()
}

fn case<C>(of: &str, option: &Spec<C>, config: &mut C) -> Value {
    let (name, unit) = (option.name, option.unit);
    let Some(bounds) = option.bounds() else {
        let default = option.default_in(config);
        return json!({"of": of, "name": name, "unit": unit, "default": default});
    };
    let (lowest, highest) = (*bounds.start(), *bounds.end());
    let beyond = [lowest.checked_sub(1), Some(highest + 1)];
    let refused = beyond.into_iter().flatten().map(|value| {
        json!({"value": value, "says": format!("{name} is {value}, not from {lowest} to {highest}")})
    });
    let refused: Vec<_> = refused.collect();
    json!({
        "of": of, "name": name, "unit": unit, "default": option.get(config), "lowest": lowest,
        "highest": highest, "refused": refused,
    })
}
