# The bytes of a file as a C array, which ends with a NUL that its length leaves out.
function(lb_embed_file file name out)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
    set(${out} "static const unsigned char ${name}[] = {${hex}0};\n" PARENT_SCOPE)
endfunction()

# Embeds the schema files as bytes (schemas.c) and lists the provider of every kind (kinds.c).
# spec.json and meta files (a stem that starts with an underscore) describe no kind.
function(lb_embed_schemas files schemas_c kinds_c)
    set(bytes "/* Made by cmake/embed.cmake from schemas/. */\n#include \"base/schema.h\"\n\n")
    set(rows "")
    set(externs "")
    set(kinds "")
    foreach(file ${files})
        get_filename_component(stem ${file} NAME_WE)
        lb_embed_file(${file} schema_${stem} array)
        string(APPEND bytes "${array}")
        string(APPEND rows "    {\"${stem}\", schema_${stem}, sizeof schema_${stem} - 1},\n")
        if(NOT stem STREQUAL "spec" AND NOT stem MATCHES "^_")
            string(APPEND externs "extern const struct lb_provider lb_provider_${stem};\n")
            string(APPEND kinds "    &lb_provider_${stem},\n")
        endif()
    endforeach()
    string(APPEND bytes "\nconst struct lb_embedded lb_embedded_schemas[] = {\n${rows}    {0, 0, 0}};\n"
           "const size_t lb_embedded_schema_count =\n"
           "    sizeof lb_embedded_schemas / sizeof *lb_embedded_schemas - 1;\n")
    file(CONFIGURE OUTPUT ${schemas_c} CONTENT "${bytes}" @ONLY)
    file(CONFIGURE OUTPUT ${kinds_c} CONTENT "/* Made by cmake/embed.cmake from schemas/. */
#include \"providers/provider.h\"

${externs}
const struct lb_provider *const lb_providers[] = {
${kinds}    0};
" @ONLY)
endfunction()

# Embeds files of the repository under their paths in it (templates.c), for `init`.
function(lb_embed_templates files templates_c)
    set(bytes "/* Made by cmake/embed.cmake. */\n#include \"cmd/templates.h\"\n\n")
    set(rows "")
    set(n 0)
    foreach(file ${files})
        file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${file})
        lb_embed_file(${file} template_${n} array)
        string(APPEND bytes "${array}")
        string(APPEND rows "    {\"${path}\", template_${n}, sizeof template_${n} - 1},\n")
        math(EXPR n "${n} + 1")
    endforeach()
    string(APPEND bytes "\nconst struct lb_template lb_templates[] = {\n${rows}};\n"
           "const size_t lb_template_count = sizeof lb_templates / sizeof *lb_templates;\n")
    file(CONFIGURE OUTPUT ${templates_c} CONTENT "${bytes}" @ONLY)
endfunction()
