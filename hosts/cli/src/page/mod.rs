//! The page at `/`: one HTML file that holds its own style and script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pamlink_tokio::HttpResponse;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("app.js");

/// The page, with the policy that holds for it.
#[derive(Clone, Debug)]
pub struct Page {
    html: String,
    policy: String,
}

impl Page {
    /// Its text.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The answer to a request for it.
    pub fn response(&self) -> HttpResponse {
        HttpResponse::new(200, "text/html; charset=utf-8", self.html.as_str())
            .with_header("Content-Security-Policy", self.policy.as_str())
            .with_header("X-Frame-Options", "DENY")
            .with_header("Cross-Origin-Opener-Policy", "same-origin")
    }
}

/// The page. In `dev` it fetches its token from `/dev/token?user=`; otherwise it asks for one.
pub fn render(dev: bool) -> Page {
    let mode = if dev { "dev" } else { "token" };
    let (style, script) = (format!("\n{STYLE}\n"), format!("\n{SCRIPT}\n"));
    let html = include_str!("index.html")
        .replace("{mode}", mode)
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("\n/*style*/\n", &style)
        .replace("\n/*script*/\n", &script);
    // Frames of other sites are none of the page's business, and no header of a proxy makes it run
    // anything but what is in it.
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self' ws: wss:; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(&style),
        hash(&script)
    );
    Page { html, policy }
}

/// What a policy calls a text that may run.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// An answer with what holds for each of them: it is what it says it is, and whoever is asked
/// next does not learn where one comes from.
pub fn guarded(response: HttpResponse) -> HttpResponse {
    response
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Referrer-Policy", "no-referrer")
}
