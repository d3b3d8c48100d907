import CLinux
import Glibc

/// The way of the process: command line -> configuration -> sockets -> workers -> drain -> end.
@main
enum Main {
    static func main() {
        switch Invocation.parse(
            arguments: Array(CommandLine.arguments.dropFirst()), environment: Invocation.environment())
        {
        case .run(let config, let source, let warnings):
            StandardStream.error.write(Invocation.text(warnings))
            Glibc.exit(Service.run(config, from: source))
        case .exit(let status, let standardOutput, let standardError):
            StandardStream.output.write(standardOutput)
            StandardStream.error.write(standardError)
            Glibc.exit(status)
        }
    }
}

/// The streams of the process, written without buffering.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe clx_write(rawValue, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
