# An installation stands alone: the wheel's Arrow libraries go along, so the build tree may be removed.

set(HEADRACE_INSTALL_LIBDIR "${CMAKE_INSTALL_LIBDIR}/headrace")

# Installs the program, which looks for its libraries beside itself.
function(headrace_install_program TARGET)
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_BINDIR}" "/${HEADRACE_INSTALL_LIBDIR}")
  if(HEADRACE_ARROW_FROM_WHEEL)
    set_target_properties(${TARGET} PROPERTIES INSTALL_RPATH "$ORIGIN/${up}")
    install(FILES ${HEADRACE_ARROW_LIBRARIES} DESTINATION "${HEADRACE_INSTALL_LIBDIR}")
  else()
    set_target_properties(${TARGET} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  endif()
  install(TARGETS ${TARGET} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()
