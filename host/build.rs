//! Exports the functions that the loader interposes, so that plugins bind to them, and embeds the
//! console anew when it was built.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The folder is always there; what is built into it has names of its content.
    println!("cargo::rerun-if-changed=console/dist");
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let glibc = std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu");
    if linux && glibc {
        for name in ["__cxa_thread_atexit_impl", "pthread_key_create", "pthread_key_delete", "pthread_create"] {
            println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
            println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={name}");
        }
    }
}
