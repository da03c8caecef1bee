//! The page at `/`: one HTML file that holds its own style and script.

/// The page. In `dev` it fetches its token from `/dev/token?user=`; otherwise it asks for one.
pub fn render(dev: bool) -> String {
    let mode = if dev { "dev" } else { "token" };
    include_str!("index.html")
        .replace("{mode}", mode)
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("/*style*/", include_str!("style.css"))
        .replace("/*script*/", include_str!("app.js"))
}
