import ArgumentParser
import ConfigWatch

/// `balancer schema`: what editors need to know of the file.
struct SchemaCommand: Command {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "schema",
            abstract: "Print the JSON Schema of the configuration file, for editors.",
            discussion: """
                With the YAML language server, put this into the first line of the file, and the schema beside it:
                  # yaml-language-server: $schema=balancer.schema.json
                """)
    }

    func invocation(environment: [String: String]) -> Invocation {
        .exit(status: 0, standardOutput: Schema.text, standardError: "")
    }
}
