package claims

// Key is the kind of thing that a [Segment] of a V2 subject names. Unknown keys are kept as they
// were read, because Ona does not document the keys of every principal.
type Key string

// The documented keys of V2 subjects.
const (
	KeyOrganization Key = "org"
	KeyProject      Key = "prj"
	KeyEnvironment  Key = "env"
	KeyUser         Key = "user" // "usr" is read as the same key
	KeyRunner       Key = "rnr"
)

// keyUserShort is a second spelling of KeyUser. No copy of Ona's documentation has it, but the page
// that describes V2 today could not be checked. So it is read and never written.
const keyUserShort Key = "usr"

// canonical returns k in the spelling of Ona's documentation.
func (k Key) canonical() Key {
	if k == keyUserShort {
		return KeyUser
	}
	return k
}

// Segment is one step of a V2 subject: a key and an id.
type Segment struct {
	Key   Key
	Value string // a UUID in canonical lower-case form
}

// Organization returns the segment for the organization with the given id. The id is checked when
// the segment becomes part of a [Subject].
func Organization(id string) Segment { return Segment{KeyOrganization, id} }

// Project returns the segment for the project with the given id.
func Project(id string) Segment { return Segment{KeyProject, id} }

// Environment returns the segment for the environment with the given id.
func Environment(id string) Segment { return Segment{KeyEnvironment, id} }

// User returns the segment for the user with the given id.
func User(id string) Segment { return Segment{KeyUser, id} }

// Runner returns the segment for the runner with the given id.
func Runner(id string) Segment { return Segment{KeyRunner, id} }

// isKeyByte reports whether c may occur in a key. The first byte of a key is a letter.
func isKeyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
