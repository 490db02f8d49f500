//! Arguments, and the one face that they ask for.

fn main() {}
