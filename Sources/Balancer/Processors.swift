import CLinux
import Glibc

/// How many processors this process can keep busy: the default number of workers.
enum Processors {
    /// The CPUs of the affinity mask (sched_getaffinity(2)), limited by the quota of the process's control groups.
    static func available() -> Int {
        count(allowed: Int(clx_cpus_allowed()), reading: contents(of:))
    }

    /// - Parameters:
    ///   - allowed: The CPUs that the scheduler may choose from.
    ///   - contents: The text of the file with this path; nil where it cannot be read.
    /// - Returns: At least 1.
    static func count(allowed: Int, reading contents: (String) -> String?) -> Int {
        let memberships = (contents("/proc/self/cgroup") ?? "").split(separator: "\n")
        let limits = memberships.flatMap { quotas(of: $0, reading: contents) }
        return max(1, limits.reduce(allowed) { min($0, $1) })
    }

    /// The quotas that one line of `/proc/self/cgroup` leads to: those of the group and of all above it, because the
    /// narrowest counts. A group that is mounted under another name, as in a container without a namespace for control
    /// groups, is still found at the top.
    private static func quotas(of membership: Substring, reading contents: (String) -> String?) -> [Int] {
        // hierarchy-ID:controller-list:cgroup-path (cgroups(7)); the version 2 hierarchy has no controllers listed.
        let fields = membership.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { return [] }
        if fields[1].isEmpty {
            return groups(from: fields[2], upTo: "/sys/fs/cgroup").compactMap { group in
                contents(group + "/cpu.max").flatMap(quota(cpuMax:))
            }
        }
        guard fields[1].split(separator: ",").contains("cpu") else { return [] }
        return groups(from: fields[2], upTo: "/sys/fs/cgroup/cpu").compactMap { group in
            quota(
                microseconds: contents(group + "/cpu.cfs_quota_us") ?? "",
                period: contents(group + "/cpu.cfs_period_us") ?? "")
        }
    }

    /// The directory of the control group `path` and of each above it, the outermost last.
    private static func groups(from path: Substring, upTo root: String) -> [String] {
        // A group outside the namespace's own root is written with `..`, which would lead out of the mount.
        let names = path.split(separator: "/").filter { $0 != ".." }
        return (0...names.count).reversed().map { depth in
            ([root] + names.prefix(depth).map { String($0) }).joined(separator: "/")
        }
    }

    /// `MAX PERIOD` of cgroup version 2's `cpu.max`, where `max` means no limit.
    private static func quota(cpuMax: String) -> Int? {
        let fields = cpuMax.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2 else { return nil }
        return quota(microseconds: String(fields[0]), period: String(fields[1]))
    }

    /// Microseconds of processor time in each period, as whole processors, rounded up. Version 1 writes -1 for no limit.
    private static func quota(microseconds: String, period: String) -> Int? {
        guard let quota = Int(microseconds.filter { !$0.isWhitespace }), quota > 0,
            let period = Int(period.filter { !$0.isWhitespace }), period > 0
        else { return nil }
        return quota / period + (quota % period > 0 ? 1 : 0)
    }

    private static func contents(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = clx_close(descriptor) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe clx_read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { return nil }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += part[..<count]
        }
    }
}
