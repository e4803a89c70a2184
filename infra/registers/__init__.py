"""Reading and checking the registers that offices keep: xlsx and csv in, typed rows with their errors and warnings out.

`reading` is the way in (`read_register`). It opens a file through `formats` (`package` and `package_parts` inspect an
xlsx before anything parses it, `workbook` and `text_table` give cells, `sheets` says what a sheet is), finds the head
with `heads` (names in `head_names`) and the rows of people with `body`, reads each row (`row`, `row_cells`) with
`people`, `movements`, `places`, `phones` and `dates` (cells in `cells`, lists in `code_lists` and `place_words`,
branches in `organisations`), and sets rows of one person against each other in `same_person`. `issues` holds the
sentences, `refusal` what refuses a whole file; `annotated` writes the register back with its errors marked. Nothing
here records.
"""
