/// nginx's configuration as one of ours: what `balancer import-nginx` prints.
///
/// A pure function of the texts: `NginxParser` reads them into directives, `NginxServer` and `NginxLocations` find out what
/// they serve, `NginxConverter` follows each location's directives to routes of ours, and `NginxDocument` writes those down.
package struct NginxImport {
    /// The file that does the same, with comments where it does not.
    package let yaml: String
    package let notes: [NginxNote]

    /// - Parameters:
    ///   - text: an `nginx.conf`, or a file of `conf.d` with nothing but what stands in `http`.
    ///   - name: what notes and errors call it.
    ///   - files: what `include` reads.
    package init(_ text: String, name: String, files: NginxFiles = .none) throws(NginxSyntaxError) {
        var parser = NginxParser(files: files)
        let directives = try parser.directives(of: NginxFiles.File(name: name, text: text))
        var converter = NginxConverter(files: files, file: name)
        for directive in parser.missing {
            converter.notes.remark(
                directive.place, "\(directive.title): no such file is here; what it says is left out")
        }
        yaml = try converter.document(directives)
        notes = converter.notes.all
    }
}
