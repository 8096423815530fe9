package claims

import (
	"database/sql/driver"
	"fmt"
)

// Value returns the text of s for a database, and NULL for the zero Subject. It implements
// [driver.Valuer].
func (s Subject) Value() (driver.Value, error) {
	if s.IsZero() {
		return nil, nil //nolint:nilnil // NULL
	}
	return s.s, nil
}

// Scan sets s to the subject in a column of a database: a string or []byte, as [ParseSubject] reads
// it. NULL and empty text set the zero Subject. On error s is unchanged. It implements
// [database/sql.Scanner].
func (s *Subject) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s = Subject{}
		return nil
	case string:
		return s.UnmarshalText([]byte(v))
	case []byte:
		return s.UnmarshalText(v)
	default:
		return fmt.Errorf("claims: cannot read a subject from a column of type %T", src)
	}
}
