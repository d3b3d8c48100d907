import Glibc

/// What tells one state of a file from another without reading it (stat(2)): for a directory, which YAML files it has.
struct FileStamp: Equatable {
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var bytes: Int64 = -1
    /// The change time: unlike the modification time, nobody can set it back.
    private var changedSeconds = 0
    private var changedNanoseconds = 0
    private var names: [String] = []

    /// A path that leads to nothing has a stamp as well.
    init(path: String) {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { return }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        if info.st_mode & S_IFMT == S_IFDIR {
            // Its times would tell of every other file as well.
            names = (try? FileAccess.yamlFiles(in: path)) ?? []
        } else {
            bytes = Int64(info.st_size)
            changedSeconds = info.st_ctim.tv_sec
            changedNanoseconds = info.st_ctim.tv_nsec
        }
    }
}
