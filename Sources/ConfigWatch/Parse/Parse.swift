/// Text to values: each function takes what a person wrote and answers the value, or throws the `Rejection` whose hint
/// completes the sentence `"TEXT" ...`. None touches anything outside itself.
enum Parse {}

/// `one, two or three`
package func alternatives(_ names: [String]) -> String {
    guard names.count > 1, let last = names.last else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " or " + last
}
