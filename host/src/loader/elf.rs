//! What an ELF file asks of the dynamic linker, read before anything of it runs.

use super::LoadError;
use object::Endianness;
use object::elf::{DF_1_NODELETE, DF_STATIC_TLS, DT_FLAGS, DT_FLAGS_1, FileHeader64, PT_LOAD, STB_GNU_UNIQUE};
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Sym};

type Header = FileHeader64<Endianness>;

const MACHINE: object::elf::Machine =
    if cfg!(target_arch = "aarch64") { object::elf::EM_AARCH64 } else { object::elf::EM_X86_64 };

/// Refuses what is not a whole library of this machine, or what could never be unloaded.
///
/// # Errors
/// [`LoadError::NotALibrary`], [`LoadError::Unsuitable`]
pub(super) fn check(file: &[u8]) -> Result<(), LoadError> {
    let broken = |error: object::read::Error| not_a_library(error.to_string());
    let header = Header::parse(file).map_err(broken)?;
    let endian = header.endian().map_err(broken)?;
    if header.e_machine(endian) != MACHINE {
        return Err(not_a_library("it was built for another processor"));
    }
    if header.e_type(endian) != object::elf::ET_DYN {
        return Err(not_a_library("it is no shared object (crate-type = [\"cdylib\"])"));
    }
    let segments = header.program_headers(endian, file).map_err(broken)?;
    for segment in segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD) {
        let end = segment.p_offset(endian).saturating_add(segment.p_filesz(endian));
        if end > file.len() as u64 {
            return Err(not_a_library(format!("it is cut short: {} of at least {end} bytes", file.len())));
        }
    }
    check_flags(endian, segments, file)?;
    check_symbols(header, endian, file)
}

fn check_flags(
    endian: Endianness,
    segments: &[<Header as FileHeader>::ProgramHeader],
    file: &[u8],
) -> Result<(), LoadError> {
    for segment in segments {
        let Ok(Some(entries)) = segment.dynamic(endian, file) else { continue };
        for entry in entries {
            let value = entry.d_val(endian);
            if entry.d_tag(endian) == DT_FLAGS_1 && value & DF_1_NODELETE.0 != 0 {
                return Err(unsuitable("it is marked NODELETE; link it without `-z nodelete`"));
            }
            if entry.d_tag(endian) == DT_FLAGS && value & DF_STATIC_TLS.0 != 0 {
                return Err(unsuitable(
                    "it uses static thread-local storage; build it as position-independent code with the default TLS model",
                ));
            }
        }
    }
    Ok(())
}

fn check_symbols(header: &Header, endian: Endianness, file: &[u8]) -> Result<(), LoadError> {
    let broken = |error: object::read::Error| not_a_library(error.to_string());
    let sections = header.sections(endian, file).map_err(broken)?;
    let symbols = sections.symbols(endian, file, object::elf::SHT_DYNSYM).map_err(broken)?;
    if symbols.iter().any(|symbol| symbol.st_bind() == STB_GNU_UNIQUE && !symbol.is_undefined(endian)) {
        return Err(unsuitable("it defines unique symbols (C++); link such code with -fno-gnu-unique"));
    }
    Ok(())
}

fn not_a_library(reason: impl Into<String>) -> LoadError {
    LoadError::NotALibrary { reason: reason.into() }
}

fn unsuitable(reason: &str) -> LoadError {
    LoadError::Unsuitable { reason: reason.to_owned() }
}
