//! Text splitters for gori: pure functions over text that keep byte spans.
