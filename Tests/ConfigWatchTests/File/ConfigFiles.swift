import Glibc
import ProxyCore

@testable import ConfigWatch

/// Files in a directory of their own, which goes with them.
final class ConfigFiles {
    let directory: String

    init(_ files: [String: String] = [:]) {
        var template = Array("/tmp/balancer-config-XXXXXX".utf8CString)
        directory = unsafe template.withUnsafeMutableBufferPointer { unsafe String(cString: mkdtemp($0.baseAddress!)) }
        for (name, text) in files { write(text, to: name) }
    }

    deinit { remove(directory) }

    func write(_ text: String, to name: String) { write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String) {
        var path = directory
        for part in name.split(separator: "/").dropLast() {
            path += "/\(part)"
            unsafe mkdir(path, 0o755)
        }
        let descriptor = unsafe open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(descriptor) }
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    private func remove(_ path: String) {
        if let stream = unsafe opendir(path) {
            while let entry = unsafe readdir(stream) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            unsafe closedir(stream)
        }
        _ = unsafe Glibc.remove(path)
    }

    func load(
        _ name: String = "balancer.yaml", environment: [String: String] = [:], flags: Options = Options(flags: [:])
    ) -> ConfigFile.Outcome {
        ConfigFile.load("\(directory)/\(name)", environment: environment, flags: flags)
    }
}

/// What comes of one text, as `balancer.yaml` of a directory with these files beside it.
func load(
    _ text: String, files: [String: String] = [:], environment: [String: String] = [:],
    flags: Options = Options(flags: [:])
) -> ConfigFile.Outcome {
    let files = ConfigFiles(files)
    files.write(text, to: "balancer.yaml")
    return withExtendedLifetime(files) { files.load(environment: environment, flags: flags) }
}

/// The mistakes of a text, each as it is printed but for the directory of the file.
func mistakes(
    _ text: String, files: [String: String] = [:], environment: [String: String] = [:]
) -> [String] {
    let files = ConfigFiles(files)
    files.write(text, to: "balancer.yaml")
    let outcome = withExtendedLifetime(files) { files.load(environment: environment) }
    return outcome.diagnostics.map { String(describing: $0).withoutPrefix(files.directory + "/") }
}

/// The first lines of `mistakes`, without the file: `1:3: error: …`.
func messages(
    _ text: String, files: [String: String] = [:], environment: [String: String] = [:]
) -> [String] {
    mistakes(text, files: files, environment: environment).map { mistake in
        String(mistake.prefix { $0 != "\n" }).withoutPrefix("balancer.yaml:")
    }
}

extension String {
    func withoutPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
