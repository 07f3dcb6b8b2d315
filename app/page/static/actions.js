// What is clicked at a turn reaches the server through this hidden widget: the chat's own messages
// cannot trigger events. second-look.js calls act().
window.secondLook.act = (detail) => trigger("select", detail);
// Asked for by no one: another tab changed what is shown.
window.secondLook.refresh = (detail) => trigger("click", detail);
